"""Local audio through the real library: sounddevice, PortAudio and ALSA, with files for devices."""

from __future__ import annotations

import ctypes.util
import json
import os
import subprocess
import sys
from pathlib import Path

import alsa_rig
import numpy as np
import pytest
from requirements import require


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    require(
        sys.platform == "linux" and ctypes.util.find_library("portaudio"),
        "PortAudio is missing: apt install libportaudio2",
    )
    support = str(Path(alsa_rig.__file__).parent)
    return {
        **alsa_rig.environment(tmp_path),
        "PYTHONPATH": os.pathsep.join([support, os.environ.get("PYTHONPATH", "")]),
    }


def test_a_turn_is_played_and_a_microphone_heard(machine: dict[str, str], tmp_path: Path) -> None:
    spoken = (np.sin(np.arange(16_000 * 20) * 0.1) * 9000).astype("<i2")
    (tmp_path / "spoken.raw").write_bytes(spoken.tobytes())
    command = [sys.executable, alsa_rig.__file__]
    done = subprocess.run(command, env=machine, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["devices"] == ["loudspeaker", "mike"]
    assert told["status"] == "completed"
    assert told["reply"][0] == told["reply"][1] != ""

    sent = np.frombuffer(bytes.fromhex(told["sent"]), "<i2").astype(int)
    played = np.fromfile(tmp_path / "heard.raw", "<i2").astype(int)
    start = int(np.flatnonzero(played)[0]) - int(np.flatnonzero(sent)[0])
    assert np.abs(played[start : start + len(sent)] - sent).max() <= 1
    assert told["seconds"] >= len(sent) / alsa_rig.RATE, "it takes as long as its sound"

    heard = np.frombuffer(bytes.fromhex(told["heard"]), "<i2").astype(int)
    assert len(heard) > 16_000
    assert np.abs(heard - spoken[: len(heard)]).max() <= 1


def test_the_devices_are_listed(machine: dict[str, str]) -> None:
    command = [sys.executable, "-m", "hayakuchi", "run", "--list-devices"]
    done = subprocess.run(command, env=machine, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert any(line.endswith("loudspeaker, ALSA  (microphone, loudspeaker)") for line in done.stdout.splitlines())


def test_a_machine_without_any_device_says_so(tmp_path: Path, machine: dict[str, str]) -> None:
    alsa_rig.environment(tmp_path, alsa_rig.NO_DEVICES)
    command = [sys.executable, "-m", "hayakuchi", "run", "--local-audio", "--no-browser", "--port", "0"]
    done = subprocess.run(command, env=machine, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "error: --speaker: this machine has no default loudspeaker; plug one in" in done.stderr
    assert "ready" not in done.stdout
