"""Whatever is heard, in whatever order the voice comes and goes: nothing stays paused, and nothing is said twice."""

from __future__ import annotations

from itertools import chain
from typing import Any

from conversation import LINE, Conversation, Nothing, Onset, Partial, Resumed, Settled, final, told
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.asr.settings import Mode
from hayakuchi.core.events import WordsHeard
from hayakuchi.orchestrator.floor import Drop, Interrupt, Pause, Resume, Say, Show, Think
from hayakuchi.orchestrator.utterance import LONGEST_PAUSE_MS

TEXTS = st.sampled_from(
    ["", "uh-huh", "yes", "Stop", "Kiyo", "Kiyo, sing", "bananas",
     "Tell me about trains", "嗯", "等等", "about the meaning of toast"]
)  # fmt: skip
WORDS = st.one_of(TEXTS.map(lambda text: Partial(text, None)), TEXTS.map(lambda text: Settled(text, None)))
INSIDE = st.lists(st.one_of(WORDS, st.just(Resumed())), max_size=5)
ENDS = st.one_of(TEXTS.map(final), st.just(Nothing(0.0)))
LEGAL = st.builds(lambda inside, end: [Onset(0.0), *inside, end], INSIDE, ENDS)
AROUND = st.sampled_from(["speaks", "asks", "ends", "poll", "press", "release", "wait", "long"])
STORY = st.lists(st.one_of(LEGAL, AROUND.map(lambda what: [what])), max_size=8).map(lambda parts: list(chain(*parts)))
ANY_ORDER = st.lists(st.one_of(WORDS, ENDS, st.just(Onset(0.0)), st.just(Resumed()), AROUND), max_size=25)
GAPS = st.lists(st.sampled_from([0.0, 20.0, 300.0, 1500.0, 5000.0]), min_size=1, max_size=5)
MODES = st.sampled_from(Mode)
HOW = st.fixed_dictionaries(
    dict.fromkeys(("half_duplex", "barge_in", "think_ahead"), st.booleans())
    | {"attention_seconds": st.sampled_from([0, 5])}
)


def happens(talk: Conversation, what: Any, gap: float) -> None:
    match what:
        case "speaks":
            talk.speaks()
        case "asks":
            talk.speaks("Do you like trains?")
        case "ends":
            talk.ends()
        case "press" | "release":
            talk.presses(what == "press")
        case "poll" | "wait" | "long":
            talk.waits({"poll": 0.0, "wait": 700.0, "long": 15_000.0}[what])
        case _:
            talk.waits(gap)
            talk.hears(Onset(talk.now) if isinstance(what, Onset) else what, after=0.0)


def told_of(mode: Mode, how: dict[str, Any], story: list[Any], gaps: list[float]) -> Conversation:
    talk = Conversation(mode, **how)
    for index, what in enumerate(story):
        happens(talk, what, gaps[index % len(gaps)])
    return talk


@settings(max_examples=150, deadline=None)
@given(MODES, HOW, st.one_of(STORY, ANY_ORDER), GAPS)
def test_nothing_stays_paused(mode: Mode, how: dict[str, Any], story: list[Any], gaps: list[float]) -> None:
    """Pauses and resumptions alternate, and interruptions come only while she speaks: the conversation asserts that."""
    talk = told_of(mode, how, story, gaps)
    talk.waits(LONGEST_PAUSE_MS + 100)
    assert not talk.voice.paused
    if mode is not Mode.OPEN_MIC or not how["barge_in"]:
        assert not any(isinstance(action, Pause | Resume) for action in talk.done)
    if mode is Mode.TYPED_ONLY:
        assert talk.done == []


@settings(max_examples=150, deadline=None)
@given(MODES, HOW, st.one_of(STORY, ANY_ORDER), GAPS)
def test_each_final_is_said_once_or_ignored(
    mode: Mode, how: dict[str, Any], story: list[Any], gaps: list[float]
) -> None:
    talk = told_of(mode, how, story, gaps)
    talk.presses(False)
    talk.ends()
    talk.leaves()
    shown = [action.event for action in talk.done if isinstance(action, Show) and isinstance(action.event, WordsHeard)]
    finals = [event for event in shown if event.final]
    accepted = [event for event in finals if event.ignored is None]
    heard = [what for what in story if type(what).__name__ == "Final" and what.text.strip()]
    said = [action for action in talk.done if isinstance(action, Say)]
    assert len(finals) == (0 if mode is Mode.TYPED_ONLY else len(heard))
    assert len(said) <= len(accepted)
    assert bool(said) == bool(accepted)
    assert all(action.text for action in said)


@settings(max_examples=150, deadline=None)
@given(MODES, HOW, st.one_of(STORY, ANY_ORDER), GAPS)
def test_what_is_thought_about_is_said_or_dropped(
    mode: Mode, how: dict[str, Any], story: list[Any], gaps: list[float]
) -> None:
    talk = told_of(mode, how, story, gaps)
    talk.presses(False)
    talk.ends()
    talk.leaves()
    thought: str | None = None
    for action in talk.done:
        match action:
            case Think(text):
                assert how["think_ahead"]
                assert text != thought
                thought = text
            case Drop():
                assert thought is not None
                thought = None
            case Interrupt():
                assert thought is None, [told(done) for done in talk.done]
            case Say():
                thought = None
            case _:
                pass
    assert thought is None


@settings(max_examples=100, deadline=None)
@given(HOW, st.text(max_size=60), st.text(max_size=60))
def test_any_text_may_be_said_and_heard(how: dict[str, Any], said: str, heard: str) -> None:
    for mode in Mode:
        talk = Conversation(mode, **how).speaks(said + LINE)
        talk.presses(True)
        talk.hears(Onset(talk.now), heard, Settled(heard, None), final(heard))
        talk.waits(5000)
        assert not talk.voice.paused
