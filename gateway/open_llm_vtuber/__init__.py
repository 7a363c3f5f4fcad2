"""The doors that Open-LLM-VTuber's clients know: its web, desktop and Unity frontends come over without a change."""
