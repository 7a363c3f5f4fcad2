"""Trees as YAML that every reader reads the same back, whether it follows version 1.1 of YAML or 1.2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from ..orchestrator.yaml_source import scalar_value

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_+./-]*")
_OTHER_LINE_ENDS = "\x85\u2028\u2029"
_WORDS_OF_YAML_1_1 = frozenset({"yes", "no", "on", "off", "y", "n"})


class Reference(str):
    """``${NAME}`` where a number or a switch stands: written without quotes, it is read as what the variable holds."""


class _Dumper(yaml.SafeDumper):
    """Quotes whatever could be read as something else than text; never writes aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dumped(tree: Mapping[str, Any]) -> str:
    """The text of the file. Texts of more than one line are written as they are, line by line."""
    return yaml.dump(
        tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=10**9, indent=2
    )


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _reference(dumper: yaml.SafeDumper, text: Reference) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=None)


def _style(text: str) -> str | None:
    if _PLAIN.fullmatch(text) and scalar_value(text) == text and text.lower() not in _WORDS_OF_YAML_1_1:
        return None
    # More than one line's end at the end would have to be followed by the end of a document; YAML has other ends of lines, too,
    # which are read as this one.
    ends_otherwise = text.endswith("\n\n") or any(end in text for end in _OTHER_LINE_ENDS)
    return "|" if "\n" in text.strip("\n") and not ends_otherwise else '"'


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Reference, _reference)
