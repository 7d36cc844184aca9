"""Comparing both sides and settling what differs: the next room to be furnished."""
