"""The pipeline: settings, session, turn, segmenter, pacing, latency."""
