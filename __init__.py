"""Hayakuchi: an AI-VTuber streaming orchestrator that speaks before the model has finished its first sentence."""

__version__ = "0.1.0"
