"""The built-in demo mind: offline, rule-based, in character, and honest about being a demo."""

from .provider import DemoConfig, DemoLLM

__all__ = ["DemoConfig", "DemoLLM"]
