"""A server and one client, which all tests of a file share: it takes seconds to start. ``CLIENT`` in the file names it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from client_environments import environment
from client_house import House, house
from foreign_client import ForeignClient, foreign_client
from requirements import require


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="_shared")
async def shared_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house(tmp_path_factory.mktemp("house")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(request: pytest.FixtureRequest, _shared: House) -> AsyncIterator[ForeignClient]:
    name: Any = request.module.CLIENT
    require(shutil.which("uv"), "uv is not on PATH")
    try:
        python = await asyncio.to_thread(environment, name)
    except subprocess.CalledProcessError as error:
        require(False, f"{name} could not be installed from PyPI: {error}")
        raise
    async with foreign_client(python, f"{name}_client.py", _shared.url) as client:
        yield client


@pytest.fixture
def home(_shared: House) -> House:
    """The server, as if nobody had asked it anything."""
    _shared.forget()
    return _shared
