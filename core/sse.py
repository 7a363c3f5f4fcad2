"""Server-sent events without IO: bytes in, as they come; payloads of whole events out.

Source: WHATWG HTML, section 9.2.6. Events may be cut anywhere, also within a character or a line end; memory is bounded.
"""

from __future__ import annotations

MAX_EVENT_BYTES = 1 << 20


class EventTooLong(ValueError):
    """An event, or one line of it, is longer than the decoder holds."""


class SSEDecoder:
    """Takes the body of one response. Only ``data`` fields matter; names, ids, retries and comments are skipped."""

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rest: list[bytes] = []
        """Pieces of the line that has not ended yet."""
        self._data: list[bytes] = []
        """Values of the ``data`` lines of the event that has not ended yet."""
        self._held = 0
        """Bytes in both."""
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads of the events that ended in ``chunk``. Raises EventTooLong."""
        if b"\r" in chunk or self._after_cr:
            chunk = self._unix_line_ends(chunk)
        lines = chunk.split(b"\n")
        rest = lines.pop()
        payloads: list[bytes] = []
        if lines and self._rest:
            lines[0] = self._end_rest(lines[0])
        for line in lines:
            self._line(line, payloads)
        if rest:
            self._hold(len(rest))
            self._rest.append(rest)
        return payloads

    def finish(self) -> list[bytes]:
        """The payload of an event that the end of the body cut off before its empty line, if there is one."""
        payloads: list[bytes] = []
        if self._rest:
            self._line(self._end_rest(b""), payloads)
        self._line(b"", payloads)
        return payloads

    def _line(self, line: bytes, payloads: list[bytes]) -> None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            self._hold(len(value))
            self._data.append(value)
        elif not line and self._data:
            payloads.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
            self._data.clear()
            self._held = 0

    def _end_rest(self, end: bytes) -> bytes:
        self._rest.append(end)
        line = b"".join(self._rest)
        self._held -= len(line) - len(end)
        self._rest.clear()
        return line

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > self._max_bytes:
            raise EventTooLong(f"an event of more than {self._max_bytes} bytes")

    def _unix_line_ends(self, chunk: bytes) -> bytes:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if chunk.endswith(b"\r"):
            self._after_cr = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
