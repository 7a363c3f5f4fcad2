"""What a server's list of models says about one of them."""

from __future__ import annotations

from typing import Any

Names = dict[str, str]
"""Name of each model → who the server says owns it."""


def model_names(listing: Any) -> Names | None:
    """The names in an answer to ``GET /models``; None when it is no such list."""
    entries = listing.get("data") if isinstance(listing, dict) else None
    if not isinstance(entries, list):
        return None
    return {
        entry["id"]: str(entry.get("owned_by", ""))
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }


def has_model(model: str, names: Names) -> bool:
    """Whether the server can be expected to serve ``model``.

    Ollama lists ``qwen2.5:latest`` for ``qwen2.5``, Gemini ``models/NAME``; routers take variants (``NAME:free``) that they do
    not list; a llama.cpp server with one model serves it under any name.
    """
    if model in names or f"{model}:latest" in names or model.partition(":")[0] in names:
        return True
    if any(name.endswith(f"/{model}") for name in names):
        return True
    return list(names.values()) == ["llamacpp"]
