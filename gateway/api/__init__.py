"""The HTTP API: its endpoints, described once, for routing, access, documentation and tests alike."""
