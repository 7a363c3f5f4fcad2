"""Their language models into ours: all of them but one are servers that speak OpenAI's API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.registry import Registry
from ..notes import Outcome
from .rules import Moved, Rule, apply, gone, lost, move, settled
from .section import Section

PROVIDER = "openai_llm"
DEMO = {"demo_llm": {}}
LLAMA_SERVER = "http://127.0.0.1:8080/v1"


@dataclass(frozen=True, slots=True)
class Vendor:
    """Where the service is when nothing says so, which variable may hold its key, and rules of its own."""

    base_url: str | None = None
    key_variable: str | None = None
    rules: tuple[Rule, ...] = ()


_OURS_TELLS = gone(
    "interrupt_method", "not needed: what was heard of a reply is kept as it is, with no message about it"
)
_COMMON = (
    move("base_url", read="address"),
    move("llm_api_key", "api_key", "secret"),
    move("model"),
    move("temperature", read="number"),
    _OURS_TELLS,
)
_HEADERS = {"organization_id": "OpenAI-Organization", "project_id": "OpenAI-Project"}
_OLLAMA = (
    lost(
        "keep_alive",
        "how long Ollama keeps the model is said to Ollama",
        "start Ollama with the environment variable OLLAMA_KEEP_ALIVE set to this value",
    ),
    gone("unload_at_exit", "Ollama unloads the model by itself; `ollama stop MODEL` does it at once"),
)
_TEMPLATED = (
    lost("template", "the server applies the template of the model itself", "serve the model with its chat template"),
)

VENDORS: Mapping[str, Vendor] = {
    "stateless_llm_with_template": Vendor(rules=_TEMPLATED),
    "openai_compatible_llm": Vendor(),
    "claude_llm": Vendor("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    "ollama_llm": Vendor("http://localhost:11434/v1", rules=_OLLAMA),
    "lmstudio_llm": Vendor("http://localhost:1234/v1"),
    "openai_llm": Vendor("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "gemini_llm": Vendor("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    "zhipu_llm": Vendor("https://open.bigmodel.cn/api/paas/v4", "ZHIPU_API_KEY"),
    "deepseek_llm": Vendor("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "mistral_llm": Vendor("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "groq_llm": Vendor("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
}
IN_PROCESS = "llama_cpp_llm"
KNOWN = (*VENDORS, IN_PROCESS)


def language_model(name: str, section: Section, registry: Registry) -> dict[str, Any] | None:
    """One of their blocks as the value of our ``llm``; None where it names no model, or no server. ``name`` is in KNOWN."""
    moved = _llama(section) if name == IN_PROCESS else _served(name, section)
    block = settled(moved, registry.load("llm", PROVIDER).Config)
    return None if block is None else {PROVIDER: block}


def _served(name: str, section: Section) -> Moved:
    vendor = VENDORS[name]
    headers = {header: found for key, header in _HEADERS.items() if (found := _identifier(section, key))}
    moved = apply(section, (*_COMMON, *vendor.rules), f"llm.{PROVIDER}")
    for key, header in _HEADERS.items():
        if header in headers:
            moved.put("extra_headers", headers, key)
    if name == "claude_llm":
        _through_openai_api(moved)
    if "base_url" not in moved.block and vendor.base_url:
        moved.put("base_url", vendor.base_url, None)
        section.notes.translated(section.source(), f"llm.{PROVIDER}.base_url: {vendor.base_url}")
    if "api_key" not in moved.block and vendor.key_variable:
        moved.put("api_key", f"${{{vendor.key_variable}:-none}}", None)
        message = f"llm.{PROVIDER}.api_key: set the environment variable {vendor.key_variable} to your key"
        section.notes.translated(section.source(), message)
    moved.block = _ordered(moved.block)
    return moved


def _identifier(section: Section, key: str) -> str | None:
    found = section.text(key)
    return None if found is None or found.lower() in ("null", "none") else found


def _through_openai_api(moved: Moved) -> None:
    """Anthropic's own address has OpenAI's API below ``/v1``; theirs is said without it."""
    base = moved.block.get("base_url")
    if isinstance(base, str) and not base.rstrip("/").endswith("/v1"):
        moved.put("base_url", f"{base.rstrip('/')}/v1", "base_url")
    moved.section.notes.translated(moved.section.source(), "Claude is asked through Anthropic's OpenAI-compatible API")


def _llama(section: Section) -> Moved:
    """The model runs in a server of its own; the settings ask it where it listens unless it is told otherwise."""
    path = section.text("model_path")
    rules = (gone("verbose", "llama-server has its own log"),)
    moved = apply(section, rules, f"llm.{PROVIDER}")
    if path is None or path.startswith("<"):
        return moved
    section.notes.not_possible(
        section.source("model_path"),
        "a model file is not loaded into this program",
        f"run `llama-server -m {path[:200]}` (of llama.cpp); the settings ask it at {LLAMA_SERVER}",
    )
    stem = path.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".gguf")
    moved.put("base_url", LLAMA_SERVER, None)
    moved.put("model", stem or "default", "model_path", Outcome.TRANSLATED)
    return moved


def _ordered(block: Mapping[str, Any]) -> dict[str, Any]:
    first = [key for key in ("base_url", "model", "api_key") if key in block]
    return {key: block[key] for key in (*first, *(key for key in block if key not in first))}


_FILLED = re.compile(r"(?<!\$)\$\{[^{}]*\}")
_ENDS_HOST = re.compile(r"[/?#\s]")
_IN_QUERY = re.compile(r"[?&#]")
_SPACE = re.compile(r"\s")
_NAMES_KEY = re.compile(r"key|token|secret|password|signature", re.IGNORECASE)


def holds_key(block: object) -> bool:
    """Whether a literal key of a service, or an address that carries one, stands in a tree of ours."""
    if isinstance(block, Mapping):
        return any(
            (key == "api_key" and isinstance(value, str) and bool(_FILLED.sub("", value)))
            or key == "extra_headers"
            or holds_key(value)
            for key, value in block.items()
        )
    if isinstance(block, str):
        return any(map(_carries_key, _FILLED.sub("", block).split("://")[1:]))
    return isinstance(block, list | tuple) and any(map(holds_key, block))


def _carries_key(address: str) -> bool:
    """Whether there is a password before the host of what follows ``://`` (or a name alone, which may be a token), or a key in
    its query. Takes time in proportion to its length: personas come through here."""
    login = _ENDS_HOST.split(address, maxsplit=1)[0].rpartition("@")[0]
    if login.partition(":")[2 if ":" in login else 0]:
        return True
    _, *asked = _IN_QUERY.split(_SPACE.split(address, maxsplit=1)[0])
    return any(value and _NAMES_KEY.search(name) for name, _, value in (part.partition("=") for part in asked))
