"""The streaming layer, in virtual time: what is told of speech, in which order, and from how many transcriptions."""

from __future__ import annotations

import asyncio
from typing import Any

from microphone import Listening, LoudIsSpeech, Voice, heard, noise, silence
from scripted_asr import ScriptedASR
from virtual import run_virtual

from hayakuchi.asr.hearing import EndReason, Final, Nothing, Onset, Partial, Resumed, Settled
from hayakuchi.asr.recogniser import AT_ONCE
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.types import Audio


def listening_to(voice: Voice, takes_ms: float = 50, **options: Any) -> tuple[Listening, ScriptedASR]:
    asr = ScriptedASR(voice.understands, takes_ms=takes_ms)
    return Listening(asr.transcribe, **options), asr


def finals(listening: Listening) -> list[str]:
    return [event.text for event in listening.events if isinstance(event, Final)]


def test_a_sentence_is_told_as_it_grows_and_its_final_text_is_what_had_settled() -> None:
    voice = Voice()
    listening, asr = listening_to(voice)
    run_virtual(heard(listening, voice.says(500, "open the red door.", 2000)))
    kinds = listening.kinds()
    assert kinds[0] == "Onset"
    assert set(kinds[1:-2]) == {"Partial"}
    assert kinds[-2:] == ["Settled", "Final"]
    partials = [event.text for event in listening.events if isinstance(event, Partial)]
    assert partials == list(dict.fromkeys(partials))
    assert all("open the red door.".startswith(text) for text in partials)
    settled, final = listening.events[-2:]
    assert isinstance(settled, Settled)
    assert isinstance(final, Final)
    assert settled.text == final.text == "open the red door."
    assert final.reason is EndReason.SILENCE
    rests = [partial for _, _, partial in asr.clips if not partial]
    assert len(rests) <= 1
    assert {language for _, language, _ in asr.clips} == {"en"}


def test_times_are_those_of_the_sound() -> None:
    voice = Voice()
    listening, _ = listening_to(voice, takes_ms=100)
    run_virtual(heard(listening, voice.says(500, "hello there", 2000)))
    onset, final = listening.events[0], listening.events[-1]
    assert isinstance(onset, Onset)
    assert isinstance(final, Final)
    assert abs(onset.at - 500) <= 50
    spoken_until = 500 + 300 + 60 + 300
    assert abs(final.times.ended - spoken_until) <= 50
    assert final.times.ended < final.times.confirmed <= final.times.transcribed <= spoken_until + 1400
    assert final.times.transcribed - final.times.confirmed < 1, "the text was there before the end was sure"
    assert [segment.text for segment in final.segments] == ["hello there"]
    assert abs(final.segments[0].start_ms - 400) <= 50
    assert abs(final.segments[0].end_ms - 400 - 660) <= 50


def test_the_first_syllable_is_there() -> None:
    voice = Voice()
    listening, asr = listening_to(voice)
    run_virtual(heard(listening, voice.says(1000, "yes.", 1500)))
    clip = asr.clips[0][0]
    assert clip.pcm.startswith(silence(350))
    assert not clip.pcm.startswith(silence(450))


def test_onset_and_nothing_for_a_cough() -> None:
    voice = Voice()
    listening, _ = listening_to(voice)
    run_virtual(heard(listening, silence(500) + noise(300) + silence(1500)))
    assert listening.kinds() == ["Onset", "Nothing"]
    nothing = listening.events[-1]
    assert isinstance(nothing, Nothing)
    assert nothing.at <= 500 + 300 + 500, "what it held up goes on soon"


def test_a_pause_within_an_utterance() -> None:
    voice = Voice()
    listening, _ = listening_to(voice)
    run_virtual(heard(listening, voice.says("I would like", 400, "a cup of tea.", 2000)))
    kinds = listening.kinds()
    assert kinds.count("Onset") == kinds.count("Final") == kinds.count("Resumed") == 1
    settled = [event.text for event in listening.events if isinstance(event, Settled)]
    assert settled == ["I would like", "I would like a cup of tea."]
    assert finals(listening) == settled[1:]
    assert kinds.index("Settled") < kinds.index("Resumed")


def test_much_that_waits_is_judged_bit_by_bit_and_in_order() -> None:
    voice = Voice()
    judged: list[int] = []

    class Counting(LoudIsSpeech):
        def probability(self, frame: Any) -> float:
            judged[-1] += 1
            return super().probability(frame)

    said = [f"this is sentence {number}." for number in range(6)]
    sound = voice.says(500, *(part for sentence in said for part in (sentence, 1500)))
    listening, _ = listening_to(voice, activity=Counting())

    async def turns_of_others() -> None:
        while True:
            judged.append(0)
            await asyncio.sleep(0 if listening.recogniser._behind else 0.01)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(listening.recogniser.run())
            others = group.create_task(turns_of_others())
            await asyncio.sleep(0.1)
            judged.append(0)
            listening.recogniser.feed(sound)
            assert judged[-1] == AT_ONCE
            assert listening.recogniser._behind
            listening.recogniser.close()
            await asyncio.sleep(20)
            others.cancel()

    run_virtual(main())
    assert finals(listening) == said
    assert sum(judged) >= len(sound) // 1024
    assert max(judged) <= 3 * AT_ONCE, "the loop goes round in between"


def test_what_waits_to_be_judged_is_no_silence() -> None:
    voice = Voice()
    listening, _ = listening_to(voice, takes_ms=4000)
    first, second = "one two.", "three four five six seven eight nine ten."

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            await listening.hear(voice.says(300, first, 200))
            listening.recogniser.finish()
            listening.recogniser.feed(voice.says(second))
            await asyncio.sleep(20)
            running.cancel()

    run_virtual(main())
    assert finals(listening) == [first, second]


def test_two_utterances_share_no_sound() -> None:
    voice = Voice()
    listening, asr = listening_to(voice)
    said = voice.says("one two.", 1200, "three four.", 1500)
    run_virtual(heard(listening, said))
    assert finals(listening) == ["one two.", "three four."]
    second = [clip for clip, _, _ in asr.clips if "three" in voice.understands(clip)]
    assert second
    assert not any("two." in voice.understands(clip) for clip in second)


def test_long_speech_is_decoded_piece_by_piece_and_whole() -> None:
    voice = Voice()
    words = " ".join(f"w{number}" for number in range(120))
    listening, asr = listening_to(voice, takes_ms=300)
    run_virtual(heard(listening, voice.says(200, words, 2500)))
    assert finals(listening) == [words]
    window_ms = EarsSettings().decode_window_seconds * 1000
    assert max(clip.duration_ms for clip, _, _ in asr.clips) <= window_ms
    final = listening.events[-1]
    assert isinstance(final, Final)
    assert " ".join(segment.text for segment in final.segments) == words
    starts = [segment.start_ms for segment in final.segments]
    assert starts == sorted(starts)


def test_speech_without_end_is_told_in_parts_and_loses_no_word() -> None:
    voice = Voice()
    words = [f"w{number}" for number in range(240)]
    listening, _ = listening_to(voice, takes_ms=100)
    run_virtual(heard(listening, voice.says(" ".join(words), 3000)))
    texts = finals(listening)
    assert len(texts) == 2
    assert " ".join(texts).split() == words


def test_a_slow_engine_is_asked_half_the_time_and_never_twice_at_once() -> None:
    voice = Voice()
    listening, asr = listening_to(voice, takes_ms=1000)
    words = "this is a sentence that takes about seven seconds to say if one says it slowly enough now."
    run_virtual(heard(listening, voice.says(words, 6000)))
    assert finals(listening) == [words]
    assert asr.most_running == 1
    partials = sum(partial for _, _, partial in asr.clips)
    assert 2 <= partials <= 4


def test_an_engine_that_costs_money_is_asked_once() -> None:
    voice = Voice()
    listening, asr = listening_to(voice, partials=lambda: False)
    run_virtual(heard(listening, voice.says("open the red door.", 2000)))
    assert listening.kinds() == ["Onset", "Settled", "Final"]
    assert len(asr.clips) == 1


def test_who_goes_on_while_the_end_is_transcribed_goes_on_in_the_same_utterance() -> None:
    voice = Voice()
    listening, _ = listening_to(voice, takes_ms=3000)
    run_virtual(heard(listening, voice.says("first part.", 1200, "second part.", 9000)))
    assert finals(listening) == ["first part. second part."]
    assert listening.kinds()[0] == "Onset"
    assert listening.kinds().count("Onset") == 1


def test_a_slow_engine_is_not_given_ever_longer_utterances() -> None:
    voice = Voice()
    listening, _ = listening_to(voice, takes_ms=3000)
    run_virtual(heard(listening, voice.says("first part.", 2600, "second part.", 2600, "third part.", 12_000)))
    assert finals(listening) == ["first part.", "second part.", "third part."]


def test_letting_go_of_the_button_ends_it_at_once() -> None:
    voice = Voice()
    listening, _ = listening_to(voice)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            await listening.hear(voice.says("one two")[: -60 * 32])
            listening.recogniser.finish()
            listening.recogniser.feed(voice.says("three", 100))
            await asyncio.sleep(0.2)
            assert finals(listening) == ["one two"], "what follows is not part of it"
            listening.recogniser.finish()
            await asyncio.sleep(0.2)
            running.cancel()

    run_virtual(main())
    assert finals(listening) == ["one two", "three"]
    final = next(event for event in listening.events if isinstance(event, Final))
    assert final.reason is EndReason.RELEASED
    assert final.times.transcribed - final.times.ended <= 100


def test_closing_tells_what_was_said_and_ends() -> None:
    voice = Voice()
    listening, _ = listening_to(voice)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(listening.recogniser.run())
            await listening.hear(voice.says("good bye"))
            listening.recogniser.close()
            listening.recogniser.close()
            listening.recogniser.feed(voice.says("not any more"))

    run_virtual(main())
    assert finals(listening) == ["good bye"]


def test_what_is_forgotten_comes_to_nothing() -> None:
    voice = Voice()
    listening, _ = listening_to(voice)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            await listening.hear(voice.says("echo of"))
            listening.recogniser.forget()
            assert listening.kinds()[-1] == "Nothing"
            listening.recogniser.forget()
            await listening.hear(voice.says(500, "hello.", 2000))
            running.cancel()

    run_virtual(main())
    assert listening.kinds().count("Nothing") == 1
    assert finals(listening) == ["hello."]


def test_it_may_be_forgotten_from_within() -> None:
    voice = Voice()
    listening, _ = listening_to(voice)
    listening.hook = lambda event: listening.recogniser.forget() if isinstance(event, Onset | Settled) else None
    run_virtual(heard(listening, voice.says("hello there.", 2000)))
    assert set(listening.kinds()) == {"Onset", "Nothing"}


def test_sound_that_stops_coming_is_silence() -> None:
    voice = Voice()
    listening, _ = listening_to(voice)
    run_virtual(heard(listening, voice.says("where did")[: -60 * 32]))
    assert finals(listening) == ["where did"]
    final = listening.events[-1]
    assert isinstance(final, Final)
    assert abs(final.times.ended - 660) <= 50
    assert 1900 <= final.times.confirmed - final.times.ended <= 2200


def test_a_failed_transcription_is_told_and_the_next_utterance_works() -> None:
    voice = Voice()
    error = ProviderError("asr", "scripted_asr", Category.UNAVAILABLE, "gone")
    broken = True
    asr = ScriptedASR(lambda clip: error if broken else voice.understands(clip), takes_ms=50)
    listening = Listening(asr.transcribe)

    async def main() -> None:
        nonlocal broken
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            await listening.hear(voice.says("one two.", 2500))
            assert listening.kinds() == ["Onset", "Nothing"]
            broken = False
            await listening.hear(voice.says("three four.", 2500))
            running.cancel()

    run_virtual(main())
    assert listening.failures == [error]
    assert finals(listening) == ["three four."]


def test_a_transcription_that_failed_in_the_pause_is_tried_again_at_the_end() -> None:
    voice = Voice()
    failures = [AllProvidersFailed("asr", ())]

    async def transcribe(clip: Audio, *, language: str | None = None, partial: bool = False) -> Any:
        if failures:
            raise failures.pop()
        return await asr.transcribe(clip, language=language, partial=partial)

    asr = ScriptedASR(voice.understands)
    listening = Listening(transcribe, partials=lambda: False)
    run_virtual(heard(listening, voice.says("one two.", 2500)))
    assert finals(listening) == ["one two."]
    assert listening.failures == []


def test_a_text_that_does_not_change_in_noise_is_final_and_more_words_begin_anew() -> None:
    voice = Voice()
    listening, _ = listening_to(voice)
    said = voice.says("open the door")[: -60 * 32] + noise(6000) + voice.says("thank you all")[: -60 * 32] + noise(4000)
    run_virtual(heard(listening, said + silence(2000)))
    assert finals(listening) == ["open the door", "thank you all"]
    assert [event.reason for event in listening.events if isinstance(event, Final)] == [EndReason.STABLE] * 2
    assert listening.kinds().count("Onset") == 2
    assert listening.kinds()[-1] == "Final"


def test_what_engines_make_of_noise_is_not_told() -> None:
    listening = Listening(ScriptedASR(lambda clip: "Thank you for watching!").transcribe)
    run_virtual(heard(listening, silence(500) + noise(250) + silence(1500)))
    assert listening.kinds() == ["Onset", "Nothing"]


class Model:
    """An end-of-turn model that takes its time."""

    def __init__(self, answer: float | ProviderError, takes_ms: float = 30) -> None:
        self.answer, self.takes_ms, self.asked = answer, takes_ms, 0

    async def completeness(self, clip: Audio) -> float:
        self.asked += 1
        await asyncio.sleep(self.takes_ms / 1000)
        if isinstance(self.answer, ProviderError):
            raise self.answer
        return self.answer


def test_the_model_is_asked_once_in_each_pause() -> None:
    voice = Voice()
    model = Model(0.95)
    listening, _ = listening_to(voice, turn_model=model)
    run_virtual(heard(listening, voice.says("turn it", 250, "off now", 2000)))
    assert model.asked == 2
    final = listening.events[-1]
    assert isinstance(final, Final)
    assert final.reason is EndReason.MODEL


def test_a_model_that_fails_or_sleeps_is_no_harm() -> None:
    voice = Voice()
    for model in (Model(ProviderError("asr", "m", Category.BAD_OUTPUT, "odd")), Model(0.5, takes_ms=60_000)):
        listening, _ = listening_to(voice, turn_model=model)
        run_virtual(heard(listening, voice.says("turn it off.", 2500)))
        assert finals(listening) == ["turn it off."]


class Noting:
    """Rules that end an utterance after 800 ms of silence, and note what they are taught."""

    def __init__(self) -> None:
        self.learned: list[tuple[str, float]] = []

    def reason(self, stand: Any) -> EndReason | None:
        return EndReason.SILENCE if stand.silence_ms >= 800 else None

    def went_on(self, pause_ms: float) -> None:
        self.learned.append(("went on", pause_ms))

    def cut_off(self, pause_ms: float) -> None:
        self.learned.append(("cut off", pause_ms))


def test_the_rules_learn_of_pauses_and_of_what_they_cut_off_but_not_of_noise() -> None:
    voice = Voice()
    rules = Noting()
    listening, _ = listening_to(voice, end_of_turn=rules)
    said = voice.says("well", 500, "then.", 1000, "and so", 3000, "over.", 500) + noise(300) + silence(2000)
    run_virtual(heard(listening, said))
    assert [what for what, _ in rules.learned] == ["went on", "cut off"]
    assert abs(rules.learned[0][1] - 560) <= 64
    assert abs(rules.learned[1][1] - 1060) <= 64
    assert Resumed() in listening.events


def test_all_that_was_said_goes_before_what_was_only_to_be_shown() -> None:
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=600)
    listening = Listening(asr.transcribe)
    settled_at: list[float] = []
    listening.hook = lambda event: settled_at.append(loop_ms()) if isinstance(event, Settled) else None
    words = "one two three four five."
    run_virtual(heard(listening, voice.says(words, 3000)))
    spoken_until = 5 * 300 + 4 * 60
    assert settled_at[0] - spoken_until <= 150 + 2 * 40 + 600


def test_cancelling_lets_go_of_the_engine() -> None:
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=60_000)
    listening = Listening(asr.transcribe, turn_model=Model(0.5, takes_ms=60_000))
    run_virtual(heard(listening, voice.says("one two.", 400), then_ms=0))
    assert asr.clips
    assert asr.running == 0


def test_forgetting_lets_go_of_the_engine() -> None:
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=60_000)
    listening = Listening(asr.transcribe)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            await listening.hear(voice.says("one two.", 400))
            assert asr.running == 1
            listening.recogniser.forget()
            await asyncio.sleep(0)
            assert asr.running == 0
            running.cancel()

    run_virtual(main())


def test_the_same_words_said_again_are_told_again_but_not_heard_twice_in_one_sound() -> None:
    voice = Voice()
    listening = Listening(ScriptedASR(lambda clip: "no.").transcribe)
    run_virtual(heard(listening, voice.says("no.", 1500, "no.", 1500)))
    assert finals(listening) == ["no.", "no."]
    listening = Listening(ScriptedASR(lambda clip: "open the door").transcribe)
    run_virtual(heard(listening, noise(9000) + silence(1500)))
    assert finals(listening) == ["open the door"], "an engine that hears in noise what it has just heard"


def test_a_language_may_be_set_on_the_way() -> None:
    voice = Voice()
    listening, asr = listening_to(voice, partials=lambda: False)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            await listening.hear(voice.says("one.", 1500))
            listening.recogniser.language = None
            await listening.hear(voice.says("two.", 1500))
            running.cancel()

    run_virtual(main())
    assert [language for _, language, _ in asr.clips] == ["en", None]
