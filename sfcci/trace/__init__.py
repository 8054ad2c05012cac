"""Packets as they were seen: decoded, and what they say about the path that was taken."""
