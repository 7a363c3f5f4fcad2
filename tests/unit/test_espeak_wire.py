"""The worker's messages: however the pipe cuts them, and what is made of them."""

import asyncio
from contextlib import aclosing

from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.types import Mark, MarkKind
from hayakuchi.tts import espeak_worker as wire
from hayakuchi.tts.espeak_process import EspeakProcess
from hayakuchi.tts.espeak_text import Piece
from hayakuchi.tts.espeak_wire import ClipReader, say_payload


class Pipe(asyncio.Transport):
    """Stands for the process and its stdin."""

    def __init__(self) -> None:
        self.written = b""

    def get_pipe_transport(self, fd: int) -> "Pipe":
        return self

    def get_returncode(self) -> int:
        return -9

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data


def message(kind: int, id: int, payload: bytes = b"") -> bytes:
    return wire.HEADER.pack(kind, id, len(payload)) + payload


@given(st.lists(st.binary(max_size=30), max_size=8), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_messages_are_read_however_the_pipe_cuts_them(payloads: list[bytes], sizes: list[int]) -> None:
    async def main() -> None:
        process, pipe = EspeakProcess(), Pipe()
        process.connection_made(pipe)
        stream = message(wire.HELLO, 0, wire.HELLO_HEAD.pack(22050) + b"1.52.0")
        stream += b"".join(message(wire.AUDIO, 1, payload) for payload in payloads)
        stream += message(wire.AUDIO, 99, b"for nobody") + message(wire.END, 1) + message(wire.AUDIO, 1, b"late")
        async with aclosing(process.say(b"please")) as answers:
            first = asyncio.ensure_future(anext(answers, None))
            await asyncio.sleep(0)
            assert pipe.written == message(wire.SAY, 1, b"please")
            position = 0
            while position < len(stream):
                for size in sizes:
                    process.pipe_data_received(1, stream[position : position + size])
                    position += size
            head = await first
            got = [] if head is None else [head, *[answer async for answer in answers]]
        assert [payload for _, payload in got] == payloads
        assert (process.sample_rate, process.version, process.served) == (22050, "1.52.0", True)
        assert pipe.written == message(wire.SAY, 1, b"please"), "nothing to abort"

    asyncio.run(main())


def packed(*marks: tuple[int, int, int, int, bytes], pcm: bytes = b"\1\0" * 441) -> bytes:
    return wire.MARK_COUNT.pack(len(marks)) + b"".join(wire.MARK.pack(*mark) for mark in marks) + pcm


def test_a_request_is_packed() -> None:
    payload = say_payload("né", "en-us+f3", 175, 50, 40, 100)
    assert wire.SAY_HEAD.unpack_from(payload) == (175, 50, 40, 100, 8)
    assert payload[wire.SAY_HEAD.size :] == "en-us+f3né".encode()


def test_marks_are_placed_in_the_whole_clip() -> None:
    reader = ClipReader(22050)
    reader.begin(Piece(0, "one two ", last=False))
    first = reader.audio(packed((1, 0, 0, 3, b""), (2, 220, 0, 0, "wˈʌn".encode())))
    assert first is not None
    assert first.duration_ms == 20
    assert first.marks == (Mark(MarkKind.WORD, 0, "", 0, 3), Mark(MarkKind.PHONEME, 220 / 22.05, "wˈʌn"))
    reader.begin(Piece(8, "three", last=True))
    second = reader.audio(
        packed(
            (1, 0, 0, 5, b""),
        )
    )
    assert second is not None
    assert second.marks == (Mark(MarkKind.WORD, 20.0, "", 8, 5),)


def test_marks_without_audio_come_with_the_next_audio() -> None:
    reader = ClipReader(22050)
    reader.begin(Piece(0, "one", last=True))
    assert reader.audio(packed((1, 0, 0, 3, b""), pcm=b"")) is None
    audio = reader.audio(packed())
    assert audio is not None
    assert [mark.kind for mark in audio.marks] == [MarkKind.WORD]


def test_a_change_of_language_is_no_phoneme_and_a_cut_one_is_read_as_far_as_it_goes() -> None:
    reader = ClipReader(22050)
    cut = "aˈɪ̯ː".encode()[:8]
    audio = reader.audio(packed((2, 0, 0, 0, b"(en)"), (2, 0, 0, 0, cut), (2, 5, 0, 0, b"")))
    assert audio is not None
    assert [mark.text for mark in audio.marks] == [cut.decode(errors="ignore"), ""]
