"""Who speaks: what turn-taking does, action by action."""

from __future__ import annotations

import pytest
from conversation import Conversation, Nothing, Onset, Resumed, Settled, final

from hayakuchi.asr.settings import Mode
from hayakuchi.orchestrator.floor import Floor


def test_in_silence_words_are_thought_about_and_said() -> None:
    assert Conversation().says("Sing something") == [
        "voice", "words Sing", "words Sing something", "think Sing something",
        "silence", "final Sing something", "say Sing something",
    ]  # fmt: skip


def test_without_thinking_ahead_they_are_only_said() -> None:
    assert "think Sing something" not in Conversation(think_ahead=False).says("Sing something")


def test_a_speaker_who_goes_on_is_waited_for() -> None:
    talk = Conversation()
    heard = talk.hears(Onset(0), Settled("Tell me", None), Resumed(), "Tell me a joke", final("Tell me a joke"))
    assert [what for what in heard if not what.startswith("words")] == [
        "voice", "think Tell me", "drop", "silence", "final Tell me a joke", "say Tell me a joke",
    ]  # fmt: skip


def test_what_is_no_speech_drops_what_was_thought() -> None:
    assert Conversation().hears(Onset(0), Settled("Hm", None), Nothing(0))[-2:] == ["drop", "silence"]


@pytest.mark.parametrize("word", ["yes", "no", "uh-huh", "等等", "はい"])
def test_in_silence_any_word_is_said(word: str) -> None:
    assert f"say {word}" in Conversation().says(word)


def test_the_same_words_are_thought_about_once() -> None:
    heard = Conversation().hears(Onset(0), Settled("Tell me", None), Settled("Tell me", None))
    assert heard.count("think Tell me") == 1


def test_a_remark_of_the_recogniser_is_not_said() -> None:
    assert Conversation().says("(coughs)")[-2:] == ["silence", "final (coughs) (too_short)"]


# Over her voice.


def test_she_is_held_at_once_and_interrupted_by_two_words() -> None:
    talk = Conversation().speaks()
    assert talk.hears(Onset(0)) == ["pause", "voice"]
    assert talk.hears("Play") == ["words Play"]
    assert talk.hears("Play a song") == ["words Play a song", "interrupt"]
    assert talk.hears(Settled("Play a song nice", None))[-1] == "think Play a song nice"
    assert talk.hears(final("Play a song nice"))[-1] == "say Play a song nice"


@pytest.mark.parametrize(
    ("said", "why"),
    [("uh-huh", "back_channel"), ("嗯嗯", "back_channel"), ("Bananas", "too_short"), ("about the meaning", "echo")],
)
def test_other_words_let_her_go_on(said: str, why: str) -> None:
    talk = Conversation().speaks()
    assert talk.hears(Onset(0), said, Settled(said, None)) == ["pause", "voice", f"words {said}", "resume"]
    assert talk.hears(final(said)) == ["silence", f"final {said} ({why})"]
    assert talk.taking.next_poll() is None


def test_noise_lets_her_go_on() -> None:
    assert Conversation().speaks().hears(Onset(0), Nothing(0)) == ["pause", "voice", "resume", "silence"]


@pytest.mark.parametrize("word", ["Stop!", "wait", "等等", "待って", "그만", "Kiyo", "Okay, hold on."])
def test_one_word_is_enough_to_stop_her(word: str) -> None:
    assert "interrupt" in Conversation().speaks().hears(Onset(0), word)


def test_more_words_may_be_wanted() -> None:
    talk = Conversation(interrupt_min_words=4).speaks()
    assert "interrupt" not in talk.hears(Onset(0), "Which dogs bark")
    assert "interrupt" in talk.hears("Which dogs bark loudly")


def test_she_is_not_held_for_a_noise_without_words() -> None:
    talk = Conversation().speaks()
    talk.hears(Onset(0))
    assert talk.waits(1900) == []
    assert talk.waits(200) == ["resume"]
    assert talk.taking.floor is Floor.BESIDE
    assert "interrupt" in talk.hears(final("But I have a question"))


def test_she_is_not_held_for_words_that_do_not_decide() -> None:
    talk = Conversation().speaks()
    talk.hears(Onset(0), "Bananas")
    assert talk.waits(1100) == []
    assert talk.waits(200) == ["resume"]
    assert "interrupt" in talk.hears("Bananas are yellow")


def test_no_pause_lasts_long() -> None:
    talk = Conversation().speaks()
    talk.hears(Onset(0))
    done = [what for turn in range(60) for what in talk.hears("m" if turn % 2 else "mm") + talk.waits(0)]
    assert "resume" in done
    assert talk.now - 10_000 > 4000


def test_her_voice_does_not_begin_over_a_speaker() -> None:
    talk = Conversation()
    talk.hears(Onset(0), "I")
    talk.speaks()
    assert talk.voice.paused
    assert "interrupt" in talk.hears("I like trains")


def test_an_answer_that_is_ready_is_not_lost_when_her_voice_begins() -> None:
    talk = Conversation()
    talk.says("Tell me")
    talk.hears(Onset(talk.now), Settled("about cats and dogs", None))
    talk.speaks("Sure, what?")
    assert talk.voice.paused
    assert talk.hears(final("about cats and dogs"))[-1] == "say about cats and dogs"
    assert "drop" not in talk.waits(5000)


def test_an_answer_that_is_ready_does_not_hold_her_for_ever() -> None:
    talk = Conversation()
    talk.hears(Onset(talk.now), Settled("about cats and dogs", None))
    talk.speaks("Sure, what?")
    assert talk.waits(5000) == ["drop", "interrupt"]


# Answers to her questions.


def test_a_sign_over_her_question_is_an_answer_when_she_has_ended() -> None:
    talk = Conversation().speaks("Do you like cats?")
    assert talk.says("Yes")[-2:] == ["resume", "silence"]
    assert talk.ends() == ["final Yes", "say Yes"]


def test_a_name_over_her_question_is_an_answer_even_if_she_said_it() -> None:
    talk = Conversation().speaks("Tea or coffee?")
    assert "resume" in talk.says("Coffee")
    assert talk.ends() == ["final Coffee", "say Coffee"]


def test_a_sign_over_a_question_that_goes_on_is_none() -> None:
    talk = Conversation().speaks("Do you like cats?")
    talk.says("Yes")
    before = len(talk.done)
    talk.speaks("I know that I do.")
    assert [type(action).__name__ for action in talk.done[before:]] == ["Show"]
    assert talk.ends() == []


def test_a_sign_over_a_long_turn_that_paused_in_a_question_is_none() -> None:
    talk = Conversation().speaks("Do you like cats?")
    talk.says("Yes")
    assert talk.waits(2500) == ["final Yes (back_channel)"]


def test_a_sign_that_she_has_outlasted_is_answered_only_after_a_question() -> None:
    for line, last in (("I like cats.", "final yeah (back_channel)"), ("Do you like cats?", "say yeah")):
        talk = Conversation().speaks(line)
        talk.hears(Onset(0))
        talk.ends()
        assert talk.hears("yeah", final("yeah"))[-1] == last


# Without barge-in.


def test_without_barge_in_words_wait_until_she_has_finished() -> None:
    talk = Conversation(barge_in=False).speaks()
    assert talk.says("Sing something")[-1] == "final Sing something"
    assert talk.says("and dance")[-1] == "final and dance"
    assert talk.waits(5000) == []
    assert talk.ends() == ["say Sing something and dance"]
    assert not {"Pause", "Interrupt"} & {type(action).__name__ for action in talk.done}


def test_without_barge_in_a_speaker_may_finish_before_an_answer() -> None:
    talk = Conversation(barge_in=False).speaks()
    talk.says("Sing something")
    talk.hears(Onset(talk.now), "and")
    assert talk.ends() == []
    assert talk.hears(final("and dance"))[-1] == "say Sing something and dance"


def test_without_barge_in_signs_are_still_ignored() -> None:
    assert Conversation(barge_in=False).speaks().says("uh huh")[-1] == "final uh huh (back_channel)"


def test_kept_words_are_bounded() -> None:
    talk = Conversation(barge_in=False).speaks()
    for _ in range(60):
        talk.hears(final("blah " * 50))
    (said,) = talk.ends()
    assert len(said) < 4100


# Echo, loudspeakers, half-duplex.


def test_after_two_echoes_she_is_not_held_any_more() -> None:
    talk = Conversation().speaks()
    for _ in range(2):
        assert talk.says("about the meaning of toast")[0] == "pause"
    assert talk.says("about the meaning of toast")[0] == "voice"
    assert "interrupt" in talk.says("Let me tell you about trains")
    talk.waits(200_000)
    talk.speaks()
    assert talk.hears(Onset(talk.now))[0] == "pause"


def test_echoes_long_apart_are_no_loudspeakers() -> None:
    talk = Conversation().speaks()
    for _ in range(3):
        assert talk.says("about the meaning of toast")[0] == "pause"
        talk.waits(70_000)


def test_words_behind_an_echo_are_said_without_it() -> None:
    talk = Conversation().speaks()
    assert talk.says("about the meaning of toast what do you mean by that")[-1] == "say what do you mean by that"


def test_her_last_words_may_come_back_after_them() -> None:
    talk = Conversation().speaks()
    talk.ends()
    assert talk.says("the meaning of toast")[-1] == "final the meaning of toast (echo)"
    talk.waits(3000)
    assert talk.says("the meaning of toast")[-1] == "say the meaning of toast"


def test_half_duplex_closes_the_microphone_while_she_is_heard() -> None:
    talk = Conversation(half_duplex=True)
    assert talk.listens
    talk.speaks()
    assert not talk.listens
    talk.ends()
    talk.waits(200)
    assert not talk.listens
    talk.waits(100)
    assert talk.listens


def test_with_half_duplex_who_speaks_first_is_heard_out() -> None:
    talk = Conversation(half_duplex=True)
    talk.hears(Onset(0), "I")
    talk.speaks()
    assert talk.voice.paused
    assert talk.listens
    assert talk.hears(final("I like trains"))[-1] == "say I like trains"


# Push-to-talk, wake word, typed only.


def test_pressing_the_button_stops_her() -> None:
    talk = Conversation(Mode.PUSH_TO_TALK).speaks()
    assert not talk.listens
    assert talk.presses(True) == ["interrupt"]
    assert talk.listens
    assert talk.presses(True) == []


def test_all_that_is_said_while_the_button_is_held_is_one_message() -> None:
    talk = Conversation(Mode.PUSH_TO_TALK)
    talk.presses(True)
    assert "think yes" in talk.says("yes")
    assert "think yes uh-huh" in talk.says("uh-huh")
    assert talk.presses(False) == ["say yes uh-huh"]
    assert not talk.listens


def test_words_that_end_after_the_button_was_let_go_of_are_said() -> None:
    talk = Conversation(Mode.PUSH_TO_TALK)
    talk.presses(True)
    talk.says("Hello there")
    talk.hears(Onset(talk.now), "how")
    assert talk.presses(False) == []
    assert talk.hears(final("how are you"))[-1] == "say Hello there how are you"


def test_nothing_after_the_button_was_let_go_of_loses_nothing() -> None:
    talk = Conversation(Mode.PUSH_TO_TALK)
    talk.presses(True)
    talk.says("Hello there")
    talk.hears(Onset(talk.now))
    talk.presses(False)
    assert talk.hears(Nothing(talk.now)) == ["silence", "say Hello there"]


def test_the_button_does_nothing_in_other_modes() -> None:
    assert Conversation().speaks().presses(True) == []


def test_with_a_wake_word_only_what_follows_it_is_said() -> None:
    talk = Conversation(Mode.WAKE_WORD)
    assert talk.says("What is up")[-1] == "final What is up (no_wake_word)"
    assert not any(what.startswith("think") for what in talk.says("What is up"))
    assert talk.says("Hey Keyo, what is up")[-3:] == ["silence", "final Hey Keyo, what is up", "say what is up"]


def test_the_wake_word_alone_is_said() -> None:
    assert Conversation(Mode.WAKE_WORD).says("Kiyo?")[-1] == "say Kiyo?"


def test_she_listens_for_a_while_without_it() -> None:
    talk = Conversation(Mode.WAKE_WORD, attention_seconds=5)
    talk.says("Kiyo, sing")
    talk.waits(3000)
    assert talk.says("and dance")[-1] == "say and dance"
    talk.speaks()
    talk.waits(20_000)
    talk.ends()
    talk.waits(4000)
    assert talk.says("thank you")[-1] == "say thank you"
    talk.waits(6000)
    assert talk.says("and dance")[-1] == "final and dance (no_wake_word)"


def test_over_her_voice_only_the_wake_word_or_stop_is_heard() -> None:
    talk = Conversation(Mode.WAKE_WORD).speaks()
    assert talk.says("What is up with you")[-1] == "final What is up with you (no_wake_word)"
    assert "interrupt" in talk.says("Stop")
    talk.speaks()
    assert "interrupt" in talk.says("Kiyo, sing")
    assert "pause" not in {type(action).__name__.lower() for action in talk.done}


def test_without_attention_stop_ends_her_and_is_not_answered() -> None:
    told = Conversation(Mode.WAKE_WORD, attention_seconds=0).speaks().says("Stop")
    assert told == ["voice", "words Stop", "interrupt", "silence", "final Stop (no_wake_word)"]


def test_talk_over_her_voice_that_outlasts_it_is_not_meant_for_her() -> None:
    talk = Conversation(Mode.WAKE_WORD).speaks()
    talk.hears(Onset(talk.now))
    talk.ends()
    assert talk.hears(final("That is what he told me"))[-1] == "final That is what he told me (no_wake_word)"


def test_typed_only_hears_nothing() -> None:
    talk = Conversation(Mode.TYPED_ONLY).speaks()
    assert talk.says("Stop it") == []
    assert not talk.listens


# The microphone goes.


def test_when_the_microphone_goes_nothing_stays_paused_or_kept() -> None:
    talk = Conversation().speaks()
    talk.hears(Onset(0))
    assert talk.leaves() == ["resume", "silence"]
    held = Conversation(Mode.PUSH_TO_TALK)
    held.presses(True)
    held.says("Hello there")
    assert held.leaves() == ["say Hello there"]
    kept = Conversation(barge_in=False).speaks()
    kept.says("Hello there")
    assert kept.leaves() == ["say Hello there"]
    thought = Conversation()
    thought.hears(Onset(0), Settled("Hello", None))
    assert thought.leaves() == ["drop", "silence"]


def test_the_end_of_something_that_never_began_is_nothing() -> None:
    talk = Conversation().speaks()
    assert talk.hears(Nothing(0)) == []
    assert talk.hears(final("Sing something"))[-1] == "say Sing something"
