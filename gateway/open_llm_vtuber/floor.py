"""Who speaks next in a group. Pure: it is told what was said, and the time (ms); the same story gives the same speakers.

    a person speaks ─► whoever was named, else the character whose client it was said to
    a reply ends    ─► whoever it named, else the one that has been silent for longest

No character speaks twice in a row, unless a person says something in between. After so many replies, or after one that says
nothing, it is a person's turn.
"""

from __future__ import annotations

from typing import Final

from ...orchestrator.spoken_words import Word, keys, words_of

PASSED_OVER_MS: Final = 30_000.0
"""How long a member that failed is not asked again, unless a person speaks to it; and never in the same round."""
LEAST_LETTERS: Final = 3
"""Of a part of a name by which somebody can be called."""
_NOTHING: Final = frozenset(
    keys(text)
    for text in (
        "nothing to add", "I have nothing to add", "nothing more to add", "I have nothing more to add", "no comment", "pass",
        "I pass", "I'll pass", "nichts hinzuzufügen", "rien à ajouter", "nada que añadir", "没有补充", "没什么要补充的",
        "我没有什么要补充的", "没有什么要说的", "無話可說", "特にありません", "特にないです", "特にない", "할 말이 없어요",
        "нечего добавить",
    )
)  # fmt: skip
"""Replies by which somebody lets the round end."""


def says_nothing(reply: str) -> bool:
    """Whether a reply has no words, or only those by which one passes."""
    said = keys(reply)
    return not said or said in _NOTHING


class Name:
    """A name, as others call it: whole, or its first part where that is written as a name."""

    def __init__(self, name: str) -> None:
        self._whole = keys(name)
        parts = name.split()
        first = parts[0] if len(parts) > 1 else ""
        self._first = keys(first) if sum(map(str.isalpha, first)) >= LEAST_LETTERS else ()

    def place(self, text: str, words: list[Word]) -> int | None:
        """Where it is said first, as the index of a word."""
        for start in range(len(words)):
            if self._whole and _at(words, start, self._whole):
                return start
            if self._first and _at(words, start, self._first) and text[words[start].start].isupper():
                return start
        return None


class Floor:
    """``turns`` replies at most follow on what a person says. Members are told apart by ``uid``; names need not differ."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self.left = 0
        """Replies that may follow before a person has to say something again."""
        self._held = False
        """A person has interrupted, and is about to speak."""
        self._names: dict[str, Name] = {}
        """Of the members; who has been silent for longest comes first."""
        self._called: list[str] = []
        """Who was spoken to and has not answered yet, in order."""
        self._last: str | None = None
        """Whose reply was the last, if no person has spoken since."""
        self._failed_at: dict[str, float] = {}
        self._failing: set[str] = set()
        """Who has failed in this round."""

    @property
    def members(self) -> tuple[str, ...]:
        """Who has been silent for longest comes first."""
        return tuple(self._names)

    @property
    def open(self) -> bool:
        """Whether somebody may speak before a person does."""
        return self.left > 0 and not self._held

    def join(self, uid: str, name: str) -> None:
        """One more member; one that is there has another name from here on."""
        self._names[uid] = Name(name)

    def leave(self, uid: str) -> None:
        self._names.pop(uid, None)
        self._failed_at.pop(uid, None)
        self._failing.discard(uid)
        self._called = [called for called in self._called if called != uid]

    def person_spoke(self, text: str, to: str | None = None) -> None:
        """A person said this to the client of ``to``: the floor is free, and there are replies to give again."""
        self.interrupted()
        self._held = False
        named = self._named(text, first=to)
        self._called = named or ([to] if to in self._names else [])
        for uid in self._called:
            self._failed_at.pop(uid, None)

    def interrupted(self) -> None:
        """A person takes the floor: nobody speaks before that person has."""
        self.left, self._called, self._last, self._held = self._turns, [], None, True
        self._failing.clear()

    def speaks_up(self, uid: str, now: float) -> bool:
        """A member wants to speak without having been asked; whether it may. Then it is its turn."""
        if uid not in self._names or not self.left or not self._may(uid, now):
            return False
        self._held = False
        self._called = [uid, *(called for called in self._called if called != uid)]
        return True

    def replied(self, uid: str, reply: str) -> None:
        """The member has said this. Whom it names comes next, after those who were named before; where it says nothing, only
        those still speak."""
        self._last = uid
        if says_nothing(reply):
            self.left = min(self.left, len(self._called))
            return
        self._called += [named for named in self._named(reply) if named != uid and named not in self._called]

    def failed(self, uid: str, now: float) -> None:
        """The member could not reply: another one is asked in its place, and that costs no reply."""
        if uid in self._names:
            self._failed_at[uid] = now
            self._failing.add(uid)
            self.left = min(self.left + 1, self._turns)

    def next(self, now: float) -> str | None:
        """Who speaks, which is one reply of those that are left; None: it is a person's turn."""
        if not self.open:
            return None
        chosen = next((uid for uid in (*self._called, *self._names) if self._may(uid, now)), None)
        if chosen is None:
            self.left = 0
            return None
        self._called = [called for called in self._called if called != chosen]
        self._names[chosen] = self._names.pop(chosen)
        self.left -= 1
        return chosen

    def _may(self, uid: str, now: float) -> bool:
        failed_at = self._failed_at.get(uid)
        rested = failed_at is None or now - failed_at >= PASSED_OVER_MS
        return rested and uid != self._last and uid not in self._failing

    def _named(self, text: str, first: str | None = None) -> list[str]:
        """Members that are named, in order; of those that share a name, ``first`` comes first."""
        words = words_of(text)
        places = [(uid, name.place(text, words)) for uid, name in self._names.items()]
        found = [(place, uid != first, uid) for uid, place in places if place is not None]
        return [uid for _, _, uid in sorted(found, key=lambda one: one[:2])]


def _at(words: list[Word], start: int, name: tuple[str, ...]) -> bool:
    return tuple(word.key for word in words[start : start + len(name)]) == name
