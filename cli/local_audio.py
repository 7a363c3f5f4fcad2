"""What ``run --local-audio`` makes of its options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..gateway.local_audio.seat import LocalDevices
    from ..gateway.server import Beside
    from ..orchestrator.engine import Engine

NONE = "none"


def list_devices(wanted: bool) -> None:
    """For an eager option: print the devices and leave. Raises ConfigError where PortAudio is missing."""
    if wanted:
        from ..gateway.local_audio.devices import listing, sound_system

        lines = listing(sound_system())
        typer.echo("\n".join(lines) if lines else "this machine has no loudspeaker and no microphone")
        raise typer.Exit


def local_audio(engine: Engine, speaker: str | None, microphone: str | None) -> Beside:
    """What plays and listens beside the server; the devices are looked at here. Raises ConfigError with the remedy."""
    from ..gateway.access.caller import ANONYMOUS
    from ..gateway.local_audio.seat import LocalAudio, local_devices
    from ..gateway.stage.microphone import OwnMicrophone
    from ..gateway.stage.rooms import MAIN, Rooms
    from ..orchestrator.hearing import HearingState

    settings = engine.settings
    if microphone != NONE and engine.hearing.status.state is HearingState.OFF:
        _tell_why_deaf(engine)
        microphone = NONE
    devices = local_devices(engine.voice.sample_rate, settings.ears, speaker=speaker, microphone=microphone)
    # A page cancels the echo of the voice; here nothing does.
    explicit = "half_duplex" in settings.ears.model_fields_set
    audio = LocalAudio(
        devices,
        lambda room, viewer: OwnMicrophone(room.mic, viewer),
        half_duplex=settings.ears.half_duplex if explicit else True,
    )

    async def beside(rooms: Rooms) -> None:
        _tell_devices(devices)
        await audio.run(await rooms.enter(ANONYMOUS, MAIN))

    return beside


def _tell_why_deaf(engine: Engine) -> None:
    typer.echo(f"note: the microphone stays off: {engine.hearing.status.message}", err=True)


def _tell_devices(devices: LocalDevices) -> None:
    if devices.speaker:
        typer.echo(f"plays through {devices.speaker.name}")
    if devices.microphone:
        typer.echo(f"listens to {devices.microphone.name}")
