"""A tiny ONNX model, written byte by byte: it answers the logistic function of the mean of what it is given."""

from __future__ import annotations

from collections.abc import Sequence

FLOAT, INTS, INT = 1, 7, 2


def mean_model(shape: Sequence[int | str], *, name: str = "input_features", squash: bool = True) -> bytes:
    """One input of ``shape`` (a string names a free length), one number as output; not ``squash``: the mean itself."""
    axes = b"".join(number(8, axis) for axis in range(1, len(shape)))
    keep = text(1, "keepdims") + number(3, 1) + number(20, INT)
    mean = node("ReduceMean", name, "mean", text(1, "axes") + axes + number(20, INTS), keep)
    last = node("Sigmoid" if squash else "Identity", "mean", "answer")
    ends = value(11, name, shape), value(12, "answer", [shape[0], *[1] * (len(shape) - 1)])
    graph = mean + last + text(2, "mean") + b"".join(ends)
    return number(1, 8) + text(7, graph) + text(8, number(2, 13))


def node(kind: str, source: str, target: str, *attributes: bytes) -> bytes:
    body = text(1, source) + text(2, target) + text(4, kind) + b"".join(text(5, it) for it in attributes)
    return text(1, body)


def value(field: int, name: str, shape: Sequence[int | str]) -> bytes:
    lengths = b"".join(text(1, number(1, it) if isinstance(it, int) else text(2, it)) for it in shape)
    return text(field, text(1, name) + text(2, text(1, number(1, FLOAT) + text(2, lengths))))


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def text(field: int, value: str | bytes) -> bytes:
    """A string, or a message in a message."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
