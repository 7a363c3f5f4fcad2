"""Rooms with an avatar on stage, and those who watch."""
