"""Text that is not cut yet."""

from __future__ import annotations


class Tape:
    """Keeps the text in pieces, so that many small writes cost no more than few large ones.

    Places are counted from the first text that was ever written.
    """

    def __init__(self) -> None:
        self._read: list[str] = []
        self._unread: list[str] = []
        self.start = self.end = 0

    def write(self, text: str) -> None:
        self._unread.append(text)
        self.end += len(text)

    def read(self) -> str:
        """What was written since the last reading."""
        text = self._unread[0] if len(self._unread) == 1 else "".join(self._unread)
        self._unread.clear()
        self._read.append(text)
        return text

    def held(self, end: int) -> str:
        """The text from ``start`` up to the place ``end``."""
        return ("".join(self._read) + "".join(self._unread))[: end - self.start]

    def take(self, end: int) -> str:
        """Remove and return the text up to the place ``end``; what was read stays read, what was not is lost to reading."""
        text = "".join(self._read)
        count = end - self.start
        self.start = end
        if count <= len(text):
            self._read = [text[count:]] if count < len(text) else []
            return text[:count]
        unread = "".join(self._unread)
        rest = count - len(text)
        self._read, self._unread = [], [unread[rest:]] if rest < len(unread) else []
        return text + unread[:rest]
