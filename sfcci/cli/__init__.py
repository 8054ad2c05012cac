"""The terminal's front door. A command parses words, calls one function of a room, prints what it gives."""
