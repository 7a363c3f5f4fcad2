"""A server that is killed while turns are written loses none whose end was told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from crashing import crash_rounds

ROUNDS = int(os.environ.get("HAYAKUCHI_CRASHES", "10"))
"""benchmarks/store_crash.py runs 200 of them."""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
async def test_no_acknowledged_turn_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    findings = await crash_rounds(tmp_path, ROUNDS)
    assert findings.lost == []
    assert findings.damaged == []
    assert findings.turns >= ROUNDS
    assert findings.rounds == ROUNDS
