"""What all tests share: nothing of them lands in the caches of whoever runs them, and none hears another one's phrases."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def _own_caches(request: pytest.FixtureRequest, cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(cache_home / f"{abs(hash(request.node.nodeid)):x}")
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, folder)
