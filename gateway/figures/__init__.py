"""What operators see: figures, traces, and whether the server can take a turn on."""
