"""What a test needs of the machine it runs on."""

from __future__ import annotations

import os
import shutil
import sysconfig

import pytest


def require(condition: object, reason: str) -> None:
    """Skip the test when the machine lacks something; fail where HAYAKUCHI_REQUIRE_ALL=1 says that it must not."""
    if condition:
        return
    if os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1":
        pytest.fail(f"HAYAKUCHI_REQUIRE_ALL=1: {reason}", pytrace=False)
    pytest.skip(reason)


def program(name: str, comes_with: str) -> str:
    """A program of this environment's packages, or else of the machine."""
    found = shutil.which(name, path=os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", ""))))
    require(found, f"{name} ({comes_with})")
    return found or name
