"""The process that holds espeak-ng: one request at a time, audio out while it is being made.

Run as a script by :mod:`.espeak_process`, on nothing but the standard library:

    python -I -S espeak_worker.py LIBRARY DATA

The library is not thread-safe, may crash, and is under the GPL, so it has a process of its own. A thread reads the requests,
so that an abort is seen by the synthesis at once; when stdin ends, whoever asked is gone and the process exits.

Every message on stdin and stdout is a header, ``<BII``: kind, request id, length of the payload, and the payload. Numbers are
little-endian, text is UTF-8.

    in   SAY    id   <HHHHB>: rate (words/min), pitch, pitch range, volume, length of the voice's name; the name; the text
         ABORT  id   nothing: stop that request, whether it waits or runs
    out  HELLO  0    <I>: sample rate (Hz); espeak-ng's version
         AUDIO  id   <H>: number of marks; the marks, each <BIII8s>: kind, sample of the clip, first character in the text
                     (from 0), characters, phoneme (IPA, padded with NUL); then mono 16-bit PCM. A mark never comes later
                     than the audio it belongs to.
         END    id   nothing: all is said, or it was aborted
         ERROR  id   <B>: an error code; a message

Each SAY is answered by AUDIO messages and then one END or ERROR, in the order of the requests.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

HEADER = struct.Struct("<BII")
SAY_HEAD = struct.Struct("<HHHHB")
HELLO_HEAD = struct.Struct("<I")
MARK_COUNT = struct.Struct("<H")
MARK = struct.Struct("<BIII8s")
SAY, ABORT, HELLO, AUDIO, END, ERROR = range(1, 7)
MARK_WORD, MARK_PHONEME = 1, 2
UNKNOWN_VOICE, ENGINE_FAILED = 1, 2

LONGEST_MESSAGE = 64 * 1024
"""Bytes of a request's payload; a longer one is a broken stream."""
CHUNK_MS = 60
"""How much audio espeak-ng hands out at a time; the first chunk is ready in well under a millisecond."""

# espeak-ng's own numbers, from speak_lib.h.
_SYNCHRONOUS, _PHONEME_EVENTS, _PHONEME_IPA, _DONT_EXIT, _UTF8 = 2, 1, 2, 0x8000, 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_EVENT_WORD, _EVENT_PHONEME = 1, 7


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Job:
    """One request; ``aborted`` is set by the reading thread."""

    __slots__ = ("aborted", "id", "payload")

    def __init__(self, id: int, payload: bytes) -> None:
        self.id, self.payload, self.aborted = id, payload, False


class Engine:
    """espeak-ng, loaded. One call at a time."""

    def __init__(self, library: str, data: str) -> None:
        self._lib = ctypes.CDLL(library)
        self._lib.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        self._lib.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        ]
        self._lib.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        self._lib.espeak_Info.restype = ctypes.c_char_p
        options = _PHONEME_EVENTS | _PHONEME_IPA | _DONT_EXIT
        self.sample_rate = self._lib.espeak_Initialize(_SYNCHRONOUS, CHUNK_MS, os.fsencode(data), options)
        if self.sample_rate <= 0:
            raise OSError(f"espeak-ng cannot read its data in {data}")
        self.version = self._lib.espeak_Info(None).split()[0].decode()
        self._voice = b""
        self._sink: Callable[[bytes, bytes, int], bool] = lambda pcm, marks, count: False
        self._callback = _SynthCallback(self._on_audio)
        self._lib.espeak_SetSynthCallback(self._callback)

    def set_voice(self, voice: bytes, rate: int, pitch: int, pitch_range: int, volume: int) -> bool:
        """False: there is no such voice, and the one in use stays."""
        if voice != self._voice:
            if self._lib.espeak_SetVoiceByName(voice) != 0:
                return False
            self._voice = voice
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, pitch_range), (_VOLUME, volume)):
            self._lib.espeak_SetParameter(parameter, value, 0)
        return True

    def say(self, text: bytes, sink: Callable[[bytes, bytes, int], bool]) -> int:
        """Speak; ``sink(pcm, packed marks, number of marks)`` gets the audio and stops it by returning True."""
        self._sink = sink
        return self._lib.espeak_Synth(text + b"\0", len(text) + 1, 0, 1, 0, _UTF8, None, None)

    def _on_audio(self, wav: Any, samples: int, events: Any) -> int:
        marks, count = _pack_marks(events)
        pcm = ctypes.string_at(wav, 2 * samples) if wav and samples > 0 else b""
        return int(self._sink(pcm, marks, count))


def _pack_marks(events: Any) -> tuple[bytes, int]:
    """Of espeak-ng's list, which ends with an event of type 0, what we tell of."""
    packed, index = [], 0
    while (event := events[index]).type:
        index += 1
        first = max(event.text_position - 1, 0)
        if event.type == _EVENT_WORD:
            packed.append(MARK.pack(MARK_WORD, max(event.sample, 0), first, max(event.length, 0), b""))
        elif event.type == _EVENT_PHONEME:
            packed.append(MARK.pack(MARK_PHONEME, max(event.sample, 0), first, 0, event.id.string))
    return b"".join(packed), len(packed)


def send(kind: int, id: int, payload: bytes = b"") -> None:
    """Write one message to stdout. Nobody there: exit, in the middle of whatever runs."""
    rest = memoryview(HEADER.pack(kind, id, len(payload)) + payload)
    try:
        while rest:
            rest = rest[os.write(1, rest) :]
    except OSError:
        os._exit(0)


def read_requests(jobs: queue.SimpleQueue[Job], live: dict[int, Job]) -> None:
    """Thread: take requests and aborts from stdin until it ends, then end the process."""
    while True:
        kind, id, length = HEADER.unpack(_read_exactly(HEADER.size))
        if length > LONGEST_MESSAGE or kind not in (SAY, ABORT):
            os.write(2, f"not a request: kind {kind}, {length} bytes\n".encode())
            os._exit(2)
        payload = _read_exactly(length)
        if kind == SAY:
            live[id] = job = Job(id, payload)
            jobs.put(job)
        elif id in live:
            live[id].aborted = True


def _read_exactly(size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return bytes(data)


def serve_one(engine: Engine, job: Job) -> None:
    """Do one request and answer it."""
    rate, pitch, pitch_range, volume, voice_length = SAY_HEAD.unpack_from(job.payload)
    text_begin = SAY_HEAD.size + voice_length
    voice, text = job.payload[SAY_HEAD.size : text_begin], job.payload[text_begin:]

    def sink(pcm: bytes, marks: bytes, count: int) -> bool:
        if not job.aborted and (pcm or count):
            send(AUDIO, job.id, MARK_COUNT.pack(count) + marks + pcm)
        return job.aborted

    if job.aborted:
        send(END, job.id)
    elif not engine.set_voice(voice, rate, pitch, pitch_range, volume):
        send(ERROR, job.id, bytes([UNKNOWN_VOICE]) + b"no voice " + voice)
    elif (status := engine.say(text, sink)) != 0 and not job.aborted:
        send(ERROR, job.id, bytes([ENGINE_FAILED]) + f"espeak_Synth returned {status}".encode())
    else:
        send(END, job.id)


def main() -> None:
    # Ctrl-C and a supervisor's SIGTERM go to the whole group, but who started us may have speech to finish: stdin ends then.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    sys.setswitchinterval(0.0002)  # how long the reading thread may have to wait with an abort; 5 ms else
    engine = Engine(*sys.argv[1:3])
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    live: dict[int, Job] = {}
    threading.Thread(target=read_requests, args=(jobs, live), daemon=True).start()
    send(HELLO, 0, HELLO_HEAD.pack(engine.sample_rate) + engine.version.encode())
    while True:
        job = jobs.get()
        serve_one(engine, job)
        live.pop(job.id, None)


if __name__ == "__main__":
    main()
