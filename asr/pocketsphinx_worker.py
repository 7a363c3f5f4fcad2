"""The process that holds PocketSphinx, which keeps the interpreter to itself while it listens, and may crash.

Run as a script by :mod:`.pocketsphinx`, on nothing but the standard library and the package itself:

    python -I -S pocketsphinx_worker.py FOLDER_OF_THE_PACKAGE

Frames on stdin and stdout are those of :mod:`.child`. The first question is the configuration, JSON: ``options`` of the
decoder and ``grammar``, JSGF or null. Every other one is a clip, mono 16-bit PCM at 16 kHz. Answers are JSON:

    {"ready": true}                                                          to the configuration
    {"text": "hello", "words": [["hello", 12, 80]], "confidence": -0.2}      to a clip; frames of 10 ms, mean log probability
    {"error": "what is wrong"}
"""

from __future__ import annotations

import json
import math
import os
import signal
import struct
import sys
from typing import Any

LENGTH = struct.Struct("<I")
LONGEST_QUESTION = 64 << 20
GRAMMAR = "grammar"
_NO_WORD = ("<", "[", "+")
"""What silence and noise are called begins like this."""


def make_decoder(options: dict[str, Any], grammar: str | None) -> Any:
    """Raises RuntimeError or ValueError; its library says more on stderr."""
    from pocketsphinx import Decoder

    if grammar is None:
        return Decoder(samprate=16_000, loglevel="ERROR", **options)
    decoder = Decoder(samprate=16_000, loglevel="ERROR", **options | {"lm": None})
    decoder.add_jsgf_string(GRAMMAR, grammar)
    decoder.activate_search(GRAMMAR)
    return decoder


def listen(decoder: Any, pcm: bytes, *, sure: bool) -> dict[str, Any]:
    """The transcript of a clip. The whole clip sets the level, whatever was heard before."""
    decoder.start_utt()
    try:
        decoder.process_raw(pcm, full_utt=True)
    finally:
        decoder.end_utt()
    heard = decoder.hyp()
    if heard is None or not heard.hypstr:
        return {"text": "", "words": [], "confidence": None}
    words = [part for part in decoder.seg() or () if not part.word.startswith(_NO_WORD)]
    logs = [math.log(min(max(part.prob, 1e-9), 1.0)) for part in words]
    return {
        "text": heard.hypstr,
        "words": [[part.word.partition("(")[0], part.start_frame, part.end_frame + 1] for part in words],
        "confidence": sum(logs) / len(logs) if logs and sure else None,
    }


def read(stream: Any) -> bytes:
    """The next question. Raises EOFError when whoever asked is gone."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(head)
    payload = stream.read(length) if length <= LONGEST_QUESTION else b""
    if len(payload) < length:
        raise EOFError
    return payload


def write(stream: Any, answer: dict[str, Any]) -> None:
    payload = json.dumps(answer).encode()
    stream.write(LENGTH.pack(len(payload)) + payload)
    stream.flush()


def serve(questions: Any, answers: Any) -> None:
    """Answer until stdin ends."""
    setup = json.loads(read(questions))
    try:
        decoder = make_decoder(setup["options"], setup["grammar"])
    except (RuntimeError, ValueError) as error:
        write(answers, {"error": str(error)})
        return
    write(answers, {"ready": True})
    while True:
        try:
            answer = listen(decoder, read(questions), sure=setup["grammar"] is None)
        except (RuntimeError, ValueError) as error:
            answer = {"error": str(error)}
        write(answers, answer)


def main() -> None:
    # Ctrl-C and a supervisor's SIGTERM go to the whole group, but who started us may have a clip to finish: stdin ends then.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.path.insert(0, sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the library prints is no answer
    if sys.platform == "win32":
        import msvcrt

        for stream in (sys.stdin, answers):
            msvcrt.setmode(stream.fileno(), os.O_BINARY)
    try:
        serve(sys.stdin.buffer, answers)
    except (EOFError, BrokenPipeError):
        os._exit(0)


if __name__ == "__main__":
    main()
