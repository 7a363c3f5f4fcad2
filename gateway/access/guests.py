"""Origins that may come to some paths, and to no others: frontends that are at home elsewhere.

A desktop client's page, which was opened from a file and has the privileges of a program, sends ``file://``; no web site can.
A page that a browser opened from a file sends ``null``, and so does any web site from a sandboxed frame: ``null`` may read
files, and nothing else.

Who is let in without a key shares the conversations of all who have none (``caller.ANONYMOUS``). Where keys are asked for,
guests without one, if they are let in at all, share those of their address.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

DOORS = frozenset({"/client-ws", "/proxy-ws", "/tts-ws", "/asr"})
"""Where something is said: WebSockets, and one POST."""
LISTS = frozenset({"/live2d-models/info"})
FOLDERS = ("/avatars/", "/bg/", "/live2d-models/", "/cache/", "/web-tool/")
READING = frozenset({"GET", "HEAD"})
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Guests:
    """``origins`` as browsers send them, in lower case."""

    origins: frozenset[str] = frozenset()
    from_files: bool = False
    """Pages that were opened from files."""

    def __bool__(self) -> bool:
        return self.from_files or bool(self.origins)

    def come_to(self, path: str) -> bool:
        """Whether guests may be let in there."""
        return path in DOORS or path in LISTS or path.startswith(FOLDERS)

    def welcome(self, origin: str, path: str, method: str | None) -> bool:
        """Whether it may come in. ``method`` None: with a WebSocket."""
        reading = method in READING
        if not (self.come_to(path) if reading else path in DOORS):
            return False
        match origin.lower():
            case "null":
                return self.from_files and reading and path.startswith(FOLDERS) and path not in LISTS
            case "file://":
                return self.from_files
            case known:
                return known in self.origins

    def remedy(self, origin: str, path: str) -> str | None:
        """What would let it in; None where no guest is let in."""
        if not self.come_to(path):
            return None
        if origin.lower() == "null":
            return (
                "pages without an origin of their own may read files at most, since any web site can be one; open the "
                "frontend from this server: `hayakuchi run --frontend DIR`"
            )
        if origin.lower() == "file://":
            return (
                "desktop clients, which are pages that were opened from a file, may not come in here; if they should: "
                "open_llm_vtuber: {file_origin: true} in conf.yaml"
            )
        shown = origin[:_SHOWN]
        return f"pages of {shown} may not come in here; if they should: open_llm_vtuber: {{origins: [{shown}]}} in conf.yaml"


NOBODY = Guests()


def guests_of(settings: OpenLlmVtuberSettings) -> Guests:
    """Whom the settings invite."""
    return Guests(frozenset(settings.origins), settings.file_origin) if settings.enabled else NOBODY
