"""What a test needs of the machine it runs on."""

from __future__ import annotations

import os

import pytest


def require(condition: object, reason: str) -> None:
    """Skip the test when the machine lacks something; fail where HAYAKUCHI_REQUIRE_ALL=1 says that it must not."""
    if condition:
        return
    if os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1":
        pytest.fail(f"HAYAKUCHI_REQUIRE_ALL=1: {reason}", pytrace=False)
    pytest.skip(reason)
