"""Chains as values: what they are, the paths they make, the OpenFlow program that steers packets along them."""
