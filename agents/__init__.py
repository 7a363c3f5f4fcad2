"""Who is talking: persona, memory, prompt, quick reply."""

from ..core.registry import ProviderSpec
from .base import Agent, AgentConfig, QuickAgent, takes_quick, takes_tools

PROVIDERS = (ProviderSpec("basic_memory_agent", f"{__name__}.basic_memory:BasicMemoryAgent"),)

__all__ = ["PROVIDERS", "Agent", "AgentConfig", "QuickAgent", "takes_quick", "takes_tools"]
