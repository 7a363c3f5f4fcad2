"""A room through the real sounddevice, PortAudio and ALSA, with files in place of a loudspeaker and a microphone.

Run as a program, because ALSA reads its configuration once in a process: ``python alsa_rig.py FOLDER``. What is played lands
in FOLDER/heard.raw, what the microphone hears comes from FOLDER/spoken.raw; the last line printed is JSON for the test.
ALSA's null device takes and gives sound as fast as it is asked; the callbacks are slowed down here to the pace of real ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIG = """
pcm.nothing {{ type null }}
pcm.!default {{ type null }}
pcm.heard_file {{ type file slave.pcm nothing file "{folder}/heard.raw" format raw }}
pcm.spoken_file {{
  type file slave.pcm nothing file "{folder}/captured.raw" infile "{folder}/spoken.raw" format raw
}}
pcm.loudspeaker {{ type plug slave {{ pcm heard_file format S16_LE channels 1 rate {rate} }} }}
pcm.mike {{ type plug slave {{ pcm spoken_file format S16_LE channels 1 rate 16000 }} }}
"""
RATE = 8000


NO_DEVICES = "pcm.!default { type hw card 77 }"
"""PortAudio aborts where there is no default at all."""


def environment(folder: Path, config_text: str = "") -> dict[str, str]:
    """What makes ALSA see the two devices, or those of ``config_text``, and no other."""
    config = folder / "asound.conf"
    config.write_text(config_text or CONFIG.format(folder=folder, rate=RATE), encoding="utf-8")
    return {**os.environ, "ALSA_CONFIG_PATH": str(config)}


class Paced:
    """The module sounddevice, with streams whose callbacks take as long as their sound."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def RawOutputStream(self, *, callback: Callable[..., None], **options: Any) -> Any:
        return self._module.RawOutputStream(callback=_paced(callback, options["samplerate"]), **options)

    def RawInputStream(self, *, callback: Callable[..., None], **options: Any) -> Any:
        return self._module.RawInputStream(callback=_paced(callback, options["samplerate"]), **options)


def _paced(callback: Callable[..., None], rate: int) -> Callable[..., None]:
    began, done = time.monotonic(), 0

    def slow(data: Any, frames: int, times: Any, status: Any) -> None:
        nonlocal done
        time.sleep(max(began + done / rate - time.monotonic(), 0))
        done += frames
        callback(data, frames, times, status)

    return slow


async def play_and_listen() -> dict[str, Any]:
    """Speak one turn, listen meanwhile; what the stage was told and the microphone heard."""
    import sounddevice
    from scripted import ScriptedLLM, ScriptedTTS, make_session
    from story import Story, ended

    from hayakuchi.core.events import AudioSent, TurnEnded
    from hayakuchi.core.types import UserInput
    from hayakuchi.gateway.local_audio.devices import find
    from hayakuchi.gateway.local_audio.seat import LocalAudio, LocalDevices
    from hayakuchi.live2d_bridge.stage import Stage, Viewer

    session = make_session([ScriptedLLM(["All ", "of ", "this ", "is ", "real."])], [ScriptedTTS()])
    stage, story, heard = Stage(session.playback, RATE), Story(), bytearray()

    class Ear:
        def start(self, mode: Any, half_duplex: bool | None) -> None: ...

        def hear(self, position: int, pcm: bytes) -> None:
            heard.extend(pcm)

        def stop(self) -> None: ...

    class Place:
        def __init__(self) -> None:
            self.stage = stage

        def enter(self) -> Viewer:
            viewer = Viewer("local")
            stage.join(viewer)
            return viewer

        def leave(self, viewer: Viewer) -> None:
            stage.leave(viewer)

    room: Any = Place()
    for observer in (stage.observe, story.observe):
        session.observe(observer)
    sd = Paced(sounddevice)
    speaker, mike = (
        find(sd, "output", "loudspeaker", RATE, "float32"),
        find(sd, "input", "mike", 16_000, "int16"),
    )
    local = LocalAudio(LocalDevices(sd, speaker, mike), lambda room, viewer: Ear())
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        talking = group.create_task(session.run())
        playing = group.create_task(local.run(room))
        began = time.monotonic()
        session.say(UserInput("Hi"))
        await ended(story)
        seconds = time.monotonic() - began
        await asyncio.sleep(0.2)
        playing.cancel()
        session.close()
        await talking
    (end,) = story.of(TurnEnded)
    sent = b"".join(event.audio.pcm for event in story.of(AudioSent))
    return {
        "devices": [speaker.name, mike.name],
        "seconds": seconds,
        "status": end.status.value,
        "reply": [end.reply, end.heard_reply],
        "sent": sent.hex(),
        "heard": bytes(heard).hex(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(play_and_listen())))  # noqa: T201
