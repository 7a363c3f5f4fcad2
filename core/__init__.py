"""The words everyone speaks: types, events, errors, channel, clock, registry. Imports nothing of ours."""
