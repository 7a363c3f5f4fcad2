import pytest
from requirements import require


def test_what_is_there_runs():
    require(True, "is there")


def test_what_is_missing_skips_or_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HAYAKUCHI_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no thing here"):
        require(None, "no thing here")
    monkeypatch.setenv("HAYAKUCHI_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no thing here"):
        require(None, "no thing here")
