"""The JSON Schema (draft 2020-12) of conf.yaml.

What it accepts, the loader accepts too, except for what only the loader knows: whether a character's file or a variable exists.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from ..agents.mcp_tools import McpServerSettings
from ..agents.mcp_tools.settings import NAME
from ..core.block import Block
from ..core.errors import ProviderError
from ..core.registry import Registry
from .components import COMPONENTS, LONGEST_CHAIN, MODEL, MODEL_NAME, MODELS, MOST_MODELS, ComponentSection
from .loader import BLOCKS
from .tool_servers import MOST_SERVERS, SECTION

Schema = dict[str, Any]

_TITLES = {
    "character": "Name of a character in characters/, or the path of its file",
    "agent": "How the character remembers and replies",
    "llm": "Language model, or a chain of them: the first that answers is used",
    "quick_llm": "Small, fast model, or a chain of them: says the first one to three words; without it there is no quick reply",
    "tts": "Voice, or a chain of them",
    "embeddings": "Model for embeddings, or a chain of servers of the same model; without it the API makes none",
    "models": "Further language models that the API offers, by name; a list is of servers that share the requests",
    SECTION: "Servers of tools (MCP), by name; a character names those whose tools it may call",
    "asr": "Speech recognition, or a chain of it; without it the character does not listen",
}
_VARIABLE = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}
_HOISTED = ("title", "description", "default")


def settings_schema(registry: Registry) -> tuple[Schema, list[str]]:
    """The schema with every provider that can be imported, and why the others cannot."""
    missing: list[str] = []
    configs = {section: _configs(form, registry, missing) for section, form in COMPONENTS.items()}
    models = [*BLOCKS.values(), McpServerSettings, *(config for found in configs.values() for config in found.values())]
    references, shared = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template="#/$defs/{model}"
    )
    properties: Schema = {"character": {"type": ["string", "null"], "description": _TITLES["character"]}}
    for section, form in COMPONENTS.items():
        providers = {name: references[config, "validation"] for name, config in configs[section].items()}
        properties[section] = _component(form, providers) | {"description": _TITLES[section]}
        if form.kind == MODEL.kind:
            properties[MODELS] = _models(providers) | {"description": _TITLES[MODELS]}
    properties[SECTION] = {
        "type": ["object", "null"],
        "propertyNames": {"pattern": f"^{NAME}$"},
        "maxProperties": MOST_SERVERS,
        "additionalProperties": references[McpServerSettings, "validation"],
        "description": _TITLES[SECTION],
    }
    for name, model in BLOCKS.items():
        summary = (model.__doc__ or "").strip()
        properties[name] = {"anyOf": [references[model, "validation"], {"type": "null"}], "description": summary}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hayakuchi settings",
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
        "$defs": {name: _with_variables(model) for name, model in shared.get("$defs", {}).items()},
    }
    return schema, list(dict.fromkeys(missing))


def _configs(form: ComponentSection, registry: Registry, missing: list[str]) -> dict[str, type[Block]]:
    found: dict[str, type[Block]] = {}
    for name in registry.names(form.kind):
        try:
            found[name] = registry.load(form.kind, name).Config
        except ProviderError as error:
            missing.append(str(error))
        except ImportError as error:
            missing.append(f"{name}: cannot be loaded: {error}")
    return found


def _models(providers: dict[str, Any]) -> Schema:
    """A mapping of names to what ``llm`` takes, but not blank."""
    one = {"anyOf": _one(providers)}
    replicas = {"type": "array", "items": one, "minItems": 1, "maxItems": LONGEST_CHAIN}
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": f"^{MODEL_NAME}$"},
        "maxProperties": MOST_MODELS,
        "additionalProperties": {"anyOf": [*one["anyOf"], replicas]},
    }


def _one(providers: dict[str, Any]) -> list[Schema]:
    """One provider: its name, or a mapping of its name to its settings."""
    return [
        {"type": "string", "enum": list(providers)},
        {
            "type": "object",
            "properties": {name: {"anyOf": [config, {"type": "null"}]} for name, config in providers.items()},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
    ]


def _component(form: ComponentSection, providers: dict[str, Any]) -> Schema:
    if not providers:
        return {"anyOf": [{"type": "null"}, {"type": "array", "maxItems": 0}]}
    one = _one(providers)
    if not form.chain:
        return {"anyOf": [*one, {"type": "null"}]}
    chain: Schema = {"type": "array", "items": {"anyOf": one}, "maxItems": LONGEST_CHAIN}
    if form.default:
        chain["minItems"] = 1
    return {"anyOf": [*one, chain, {"type": "null"}]}


def _with_variables(schema: Any) -> Any:
    """The schema, taking ``${NAME}`` wherever it takes a number or true/false."""
    if isinstance(schema, list):
        return [_with_variables(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in ("integer", "number", "boolean"):
        kept = {key: schema[key] for key in _HOISTED if key in schema}
        bare = {key: value for key, value in schema.items() if key not in _HOISTED}
        return kept | {"anyOf": [bare, _VARIABLE]}
    return {
        key: value if key in ("default", "const", "enum") else _with_variables(value) for key, value in schema.items()
    }
