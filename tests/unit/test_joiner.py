"""The opener and the reply become one text: nothing twice, no space too many or too few, whatever the tokens are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.agents.joiner import Joiner
from hayakuchi.agents.lead_in import LONGEST_TAG
from hayakuchi.orchestrator.cutter import Cutter


def joined(opener: str, *pieces: str, language: str = "en") -> str:
    joiner = Joiner(opener, language)
    return opener + "".join(map(joiner.feed, pieces)) + joiner.flush()


@pytest.mark.parametrize(
    ("opener", "reply", "expected"),
    [
        # Said again, one way or another.
        ("Oh no,", "Oh no, that's awful.", "Oh no, that's awful."),
        ("Oh no,", "Oh no! That's awful.", "Oh no, that's awful."),
        ("Oh no,", "OH NOOO!! That's awful.", "Oh no, that's awful."),
        ("Oh no,", "  oh, no... that's awful.", "Oh no, that's awful."),
        ("Oh no,", "Oh no that's awful.", "Oh no, that's awful."),
        ("Oh no,", "Oh no - that's awful.", "Oh no, that's awful."),
        ("Oh no,", "Oh no\nThat's awful.", "Oh no, that's awful."),
        ("Oh no,", "Oh no, “that” is it.", "Oh no, “that” is it."),
        ("Wow!", "Wow! That's great.", "Wow! That's great."),
        ("Hmm,", "Hmmmm… Let me see.", "Hmm, let me see."),
        ("Of course,", "Of course! I can.", "Of course, I can."),
        ("That’s rough,", "That's rough. You know", "That’s rough, you know"),
        ("Oh,", "Oh no, you lost it.", "Oh, no, you lost it."),
        ("嗯，", "嗯，我觉得很好。", "嗯，我觉得很好。"),
        ("嗯，", "嗯嗯……我觉得很好。", "嗯，我觉得很好。"),
        ("哇！", "哇哇！好棒。", "哇！好棒。"),
        ("好的，", "好的。我来。", "好的，我来。"),
        ("えっと、", "えーっと、そうだね。", "えっと、そうだね。"),
        ("わあ！", "わあ！すごい。", "わあ！すごい。"),
        ("아,", "아, 그렇군요.", "아, 그렇군요."),
        ("네,", "네! 알겠어요.", "네, 알겠어요."),
        ("No,", "No. I am alive.", "No, I am alive."),
        ("No,", "No.\n5 is alive.", "No, 5 is alive."),
        ("No,", "No... 5 is alive.", "No, 5 is alive."),
        ("Okay,", "Okay. 5 minutes.", "Okay, 5 minutes."),
        # With a particle.
        ("好的，", "好的呀，我来说。", "好的，我来说。"),
        ("好的，", "好的呢！我来说。", "好的，我来说。"),
        ("好啊，", "好啊啊，我来说。", "好啊，我来说。"),
        ("嗯，", "嗯哦……我知道了。", "嗯，我知道了。"),
        ("えっと、", "えっとね、そうだね。", "えっと、そうだね。"),
        ("そう、", "そうだよ、来て。", "そう、そうだよ、来て。"),
        ("そう、", "そうよねー、来て。", "そう、来て。"),
        ("うん、", "うんよかった。", "うん、うんよかった。"),
        ("好的，", "好的呀", "好的，"),
        ("好的，", "好的呀。", "好的，"),
        ("好，", "好呀我来说。", "好，好呀我来说。"),
        # With emoji.
        ("Wow!", "😀 Wow! Nice.", "Wow! 😀 Nice."),
        ("Wow!", "😀Wow! Nice.", "Wow! 😀 Nice."),
        ("Wow!", "😀😀 [joy] ❤️ Wow! Nice.", "Wow! 😀😀 [joy] ❤️ Nice."),
        ("Wow!", "👩🏽‍💻 Wow! Nice.", "Wow! 👩🏽‍💻 Nice."),
        ("Wow!", "🇯🇵 Nice.", "Wow! 🇯🇵 Nice."),
        ("Wow!", "[joy] 😀 Wow 😀 Nice.", "Wow! [joy] 😀 😀 Nice."),
        ("Sure,", "Sure 😀 let's go.", "Sure, 😀 let's go."),
        ("Oh no,", "😢 Oh nothing.", "Oh no, 😢 oh nothing."),
        ("哇！", "😀哇！好棒。", "哇！😀好棒。"),
        ("哇！", "😀 OK.", "哇！😀 OK."),
        ("Wow!", "😀", "Wow! 😀"),
        ("Wow!", "😀! Wow! Nice.", "Wow! 😀! Nice."),
        # Nothing but that.
        ("Oh no,", "Oh no!", "Oh no,"),
        ("Oh no,", "Oh no", "Oh no,"),
        ("嗯，", "嗯。", "嗯，"),
        ("Oh no,", "", "Oh no,"),
        # Something else that begins like it.
        ("Oh no,", "Oh nothing.", "Oh no, oh nothing."),
        ("Oh no,", "Oh", "Oh no, oh"),
        ("I see,", "I see what you mean.", "I see, I see what you mean."),
        ("Well,", "Well done!", "Well, well done!"),
        ("Good,", "Good morning!", "Good, Good morning!"),
        ("That,", "That's it.", "That, that's it."),
        ("No,", "No. 5 is alive.", "No, No. 5 is alive."),
        ("No,", "No.5 is alive.", "No, No.5 is alive."),
        ("Uh,", "Uh-huh.", "Uh, Uh-huh."),
        ("好，", "好的，我来。", "好，好的，我来。"),
        ("네,", "네가 좋아.", "네, 네가 좋아."),
        # Goes on.
        ("Oh no,", "That's awful.", "Oh no, that's awful."),
        ("Oh no,", "that's awful.", "Oh no, that's awful."),
        ("Oh no,", "The cat did it.", "Oh no, the cat did it."),
        ("Oh no,", "A cat did it.", "Oh no, a cat did it."),
        ("Oh no,", "A.I. did it.", "Oh no, A.I. did it."),
        ("Oh no,", "I did it.", "Oh no, I did it."),
        ("Oh no,", "I'm late.", "Oh no, I'm late."),
        ("Oh no,", "Theo did it.", "Oh no, Theo did it."),
        ("Oh no,", "IT did it.", "Oh no, IT did it."),
        ("Oh no,", "Mika did it.", "Oh no, Mika did it."),
        ("Oh no,", "3 cats.", "Oh no, 3 cats."),
        ("Oh no,", ", that's awful.", "Oh no, that's awful."),
        ("Oh no,", "...and now?", "Oh no, and now?"),
        ("Oh no,", "… and now?", "Oh no, and now?"),
        ("Oh no,", ".5 is less.", "Oh no, .5 is less."),
        ("Oh no,", "It", "Oh no, it"),
        ("嗯，", " 我觉得", "嗯，我觉得"),
        ("嗯，", "OK，我来", "嗯，OK，我来"),
        ("えっと、", "そうだね", "えっと、そうだね"),
        ("아,", "그렇군요", "아, 그렇군요"),
        # Tags and thoughts stay where they are.
        ("Oh no,", "[sad] Oh no, that's awful.", "Oh no, [sad] that's awful."),
        ("Oh no,", "[sad] Oh no, [fear] It is.", "Oh no, [sad] [fear] it is."),
        ("Oh no,", "[sad]That's awful.", "Oh no, [sad] that's awful."),
        ("Oh no,", "<think>He is, um, sad.</think>\n\nOh no, it is.", "Oh no, <think>He is, um, sad.</think>it is."),
        ("嗯，", "[joy] 嗯，我觉得", "嗯，[joy]我觉得"),
        ("Oh no,", "[sad] Oh no!", "Oh no, [sad]"),
        ("Oh no,", "[not closed", "Oh no, [not closed"),
        ("Oh no,", "[] That", "Oh no, [] That"),
        ("Oh no,", "<b>no</b>", "Oh no, <b>no</b>"),
        ("Oh no,", "<3 you", "Oh no, <3 you"),
        ("Oh no,", "<think>He is", "Oh no, <think>He is"),
        ("嗯，", "<think>He is</think> 嗯，[joy] 我", "嗯，<think>He is</think>[joy]我"),
    ],
)
def test_joined_text(opener: str, reply: str, expected: str) -> None:
    assert joined(opener, reply) == expected
    assert joined(opener, *reply) == expected


@pytest.mark.parametrize(
    ("opener", "reply", "shown"),
    [
        ("Oh no,", "[sadness] Oh no! That's awful. Poor cat.", "Oh no, that's awful. Poor cat."),
        ("Oh no,", "<think>Sad.</think>\n\n[sadness] That's awful.", "Oh no, that's awful."),
        ("Wow!", "<think>Good.</think>Great.", "Wow! Great."),
        ("嗯，", "[joy] 嗯，<think>好</think> 我觉得很好。真的。", "嗯，我觉得很好。真的。"),
        ("えっと、", "[joy] えっと、 そうだね。", "えっと、そうだね。"),
        ("아,", "[joy]아, 그렇군요. 네.", "아, 그렇군요. 네."),
    ],
)
def test_what_is_shown_has_no_seam_whether_the_opener_is_cut_with_the_reply_or_before_it(
    opener: str, reply: str, shown: str
) -> None:
    said = joined(opener, *reply).removeprefix(opener)
    for before, text in (("", opener + said), (opener, said)):
        cutter = Cutter(expressions=("joy", "sadness"))
        segments = cutter.feed(text, 0) + cutter.flush()
        assert before + "".join(segment.display for segment in segments) == shown


def test_german_keeps_its_capitals() -> None:
    assert joined("Oh nein,", "Not macht erfinderisch.", language="de-AT") == "Oh nein, Not macht erfinderisch."
    assert joined("Oh no,", "Not again.", language="en") == "Oh no, not again."


@pytest.mark.parametrize(
    ("reply", "held"),
    [
        ("Kim did", ""),
        ("I did", "I"),
        ("That's", "That"),
        ("Oh what", "Oh "),
        ("[sad] Kim", "[sad"),
        ("Oh no, Kim", "Oh no, "),
        ("Oh nooooo, Kim", "Oh nooooo, "),
    ],
)
def test_no_more_is_held_than_may_have_to_change(reply: str, held: str) -> None:
    joiner = Joiner("Oh no,")
    silent = ""
    for char in reply:
        if joiner.feed(char):
            break
        silent += char
    assert silent == held


def test_a_stretched_or_unfinished_beginning_is_not_held_for_ever() -> None:
    assert len(Joiner("Oh no,").feed("Oh n" + "o" * 200)) > 100
    assert len(Joiner("Oh no,").feed("[" + "o" * LONGEST_TAG)) > 0
    assert len(Joiner("Oh no,").feed("<" + "o" * LONGEST_TAG)) > 0
    assert Joiner("Oh no,").feed("<think>" + "o" * 200) == " <think>" + "o" * 200


OPENERS = st.sampled_from(["Oh no,", "No,", "Wow!", "Hmm,", "I see,", "嗯，", "えっと、", "아,", "네 그럼,", "¡Vaya!"])
WORDS = "oh |no|Oh|That|'s|I|嗯|えっと|아|네 그럼|wow|WOW|h|o|m|3|😢|❤️|呀|ね|No"
MARKS = ",|!|...|.|，|、|-|“|”| |\n|[joy]|[|]|<think>|</think>|<"
PIECES = st.sampled_from(f"{WORDS}|{MARKS}".split("|"))


@given(OPENERS, st.lists(PIECES, max_size=12), st.data())
def test_how_it_is_split_does_not_matter(opener: str, pieces: list[str], data: st.DataObject) -> None:
    reply = "".join(pieces)
    cut = data.draw(st.integers(0, len(reply)))
    whole = joined(opener, reply)
    assert whole == joined(opener, *reply) == joined(opener, *pieces) == joined(opener, reply[:cut], reply[cut:])


@given(OPENERS, st.text(st.sampled_from(list("xyzXYZ qrQR")), min_size=1).filter(lambda text: text[0] != " "))
def test_text_that_repeats_nothing_is_said_as_it_is(opener: str, reply: str) -> None:
    space = "" if opener[-1] in "，、" else " "
    assert joined(opener, reply) == opener + space + reply


@given(
    OPENERS, st.sampled_from(["", ",", "!", "...", " !", "。"]), st.sampled_from(["Xylophones.", "[joy] Xylophones."])
)
def test_a_repetition_with_any_mark_is_dropped(opener: str, mark: str, reply: str) -> None:
    again = opener[:-1] + mark
    if mark:
        assert joined(opener, f"{again} {reply}") == joined(opener, reply)
    assert joined(opener, again) == opener
