"""Language models: messages in, token stream out."""

from ..core.registry import ProviderSpec
from .base import LLM, Answerer, LLMConfig

PROVIDERS = (
    ProviderSpec("demo_llm", f"{__name__}.demo:DemoLLM"),
    ProviderSpec("openai_llm", f"{__name__}.openai:OpenAILLM"),
)
EMBEDDERS = (ProviderSpec("openai_embeddings", f"{__name__}.openai_embeddings:OpenAIEmbeddings"),)

__all__ = ["EMBEDDERS", "LLM", "PROVIDERS", "Answerer", "LLMConfig"]
