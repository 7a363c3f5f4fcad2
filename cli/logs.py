"""The log on stderr: a line for each thing that happens, for people or for programs, with the session and turn it is about."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from enum import StrEnum

from ..core.place import place

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s%(where)s"
TALKATIVE = ("uvicorn.error", "uvicorn.access", "websockets", "aiohttp.access", "httpx2", "httpcore2")
"""They would tell of each connection as well, with its whole address, and at DEBUG with its headers: keys are in those."""
SILENT = ("mcp", "client")
"""They would tell of each line that a server of tools writes and that is no message, as an error; ours tell what counts."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def log_to_stderr(level: str, form: str) -> None:
    """Everything that is logged from here on, by other packages as well, goes to stderr in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == LogFormat.JSON else TextLines(TEXT))
    handler.addFilter(_note_place)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    least = max(logging.getLogger().level, logging.WARNING)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(least)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _note_place(record: logging.LogRecord) -> bool:
    """Before a record is formatted: that may happen elsewhere."""
    found = place()
    record.place = found.fields() if found else {}
    return True


class TextLines(logging.Formatter):
    """``TIME LEVEL LOGGER: MESSAGE [session=main turn=3]``. What came from outside cannot begin a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        where = " ".join(f"{name}={value}" for name, value in getattr(record, "place", {}).items())
        record.where = f" [{where}]" if where else ""
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _CONTROL.sub(_escaped, record.message).replace("\n", "\\n")
        return super().formatMessage(record)


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, message, then request, session, turn and what else is known."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "place", {}),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        if record.stack_info:
            told["stack"] = record.stack_info
        return json.dumps(told, ensure_ascii=True, default=str)


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"
