"""What all tests share: nothing of them lands in the caches of whoever runs them, and none hears another one's phrases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

TOGETHER = ("tests/clients/", "tests/deploy/test_image.py")
"""Files whose tests share something that takes long to make."""
BROWSER = "tests/browser/"
"""A browser without a graphics card keeps a core busy: two at once take longer than one after the other."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of such a file run in one process, and all of pages in one. xdist's own groups get lost: it marks the ids of tests,
    which pytest keeps."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(BROWSER):
                return BROWSER
            return nodeid.split("::")[0] if nodeid.startswith(TOGETHER) else nodeid

    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def _own_caches(request: pytest.FixtureRequest, cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(cache_home / f"{abs(hash(request.node.nodeid)):x}")
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, folder)
