"""The gRPC door's small words: keys and addresses in what gRPC tells of a call, and that the generated code is of this file."""

from __future__ import annotations

import pytest

from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.rpc.entrance import address_of, bearer
from hayakuchi.gateway.rpc.generate import V1, generated


def test_the_generated_code_is_that_of_the_file() -> None:
    committed = {file.name: file.read_text("utf-8") for file in V1.glob("*_pb2*.py*")}
    assert committed == generated(), "run: python -m hayakuchi.gateway.rpc.generate"


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:127.0.0.1:54321", "127.0.0.1"),
        ("ipv6:[::1]:54321", "::1"),
        ("ipv6:%5B2001:db8::7%5D:1", "2001:db8::7"),
        ("ipv6:%5Bfe80::1%25eth0%5D:1", "fe80::1"),
        ("unix:/tmp/socket", "127.0.0.1"),
        ("unix:", "127.0.0.1"),
    ],
)
def test_the_address_of_a_peer(peer: str, address: str) -> None:
    assert address_of(peer) == address


def test_the_key_in_the_metadata() -> None:
    assert bearer([("user-agent", "x")]) is None
    assert bearer([("authorization", "bearer  hk_1 ")]) == "hk_1"
    for metadata in ([("authorization", "hk_1")], [("authorization", "Bearer ")], [("authorization", "Bearer a")] * 2):
        with pytest.raises(Problem) as refusal:
            bearer(metadata)
        assert refusal.value.status == 401
        assert "hk_1" not in str(refusal.value)
