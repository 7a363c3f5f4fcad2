"""What was said in a session, as it was heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from ..core.types import Message, UserInput

MAX_MESSAGES = 200


class History:
    """The last messages of a session. A reply is kept as far as it was heard; one that nobody heard leaves nothing."""

    def __init__(self, max_messages: int = MAX_MESSAGES) -> None:
        self._messages: deque[Message] = deque(maxlen=max_messages)

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def messages(self) -> Sequence[Message]:
        return tuple(self._messages)

    def add(self, heard: UserInput | None, heard_reply: str) -> None:
        self._messages.extend(_exchange(heard, heard_reply))

    def with_exchange(self, heard: UserInput | None, heard_reply: str) -> Sequence[Message]:
        """The messages as they would be after :meth:`add`."""
        return (*self._messages, *_exchange(heard, heard_reply))


def _exchange(heard: UserInput | None, heard_reply: str) -> Iterator[Message]:
    if heard is not None:
        yield Message("user", heard.text, heard.viewer)
    if heard_reply:
        yield Message("assistant", heard_reply)
