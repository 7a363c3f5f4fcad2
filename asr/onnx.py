"""Load an ONNX model: one thread, and errors that name the file and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ..core.errors import Category, ProviderError

Shape = Sequence[int | None]
"""None: any length."""
ERRORS_ONLY = 3


def load(kind: str, name: str, file: Path, inputs: Mapping[str, Shape]) -> Any:
    """A session over ``file``, which must take ``inputs``, all of them float32. Blocks. Raises ProviderError."""
    try:
        runtime = import_module("onnxruntime")
    except ImportError as error:
        message = (
            f"needs the Python package 'onnxruntime', which cannot be loaded ({error}); try: pip install onnxruntime"
        )
        raise ProviderError(kind, name, Category.MISSING_EXTRA, message) from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    try:
        model = file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror or error}"
        raise ProviderError(kind, name, Category.NOT_FOUND, message) from error
    try:
        session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except refusals() as error:
        message = f"{file} is no usable ONNX model: {str(error).splitlines()[0]}"
        raise ProviderError(kind, name, Category.INVALID_REQUEST, message) from error
    if problem := _mismatch(session.get_inputs(), inputs):
        raise ProviderError(kind, name, Category.INVALID_REQUEST, f"{file} is another model: {problem}")
    return session


def refusals() -> tuple[type[Exception], ...]:
    """What onnxruntime raises for a model that it does not like; its classes share no base but Exception."""
    raised = vars(import_module("onnxruntime.capi.onnxruntime_pybind11_state")).values()
    return (RuntimeError, ValueError, *(it for it in raised if isinstance(it, type) and issubclass(it, Exception)))


def _mismatch(have: Sequence[Any], want: Mapping[str, Shape]) -> str | None:
    found = {it.name: list(it.shape) for it in have if it.type == "tensor(float)"}
    if len(have) != len(want) or set(found) != set(want):
        return f"it takes {', '.join(f'{it.name} ({it.type})' for it in have) or 'nothing'}, not {', '.join(want)}"
    for name, shape in want.items():
        lengths = found[name]
        fits = len(lengths) == len(shape) and all(
            wanted is None or length == wanted or not isinstance(length, int)
            for length, wanted in zip(lengths, shape, strict=True)
        )
        if not fits:
            return f"its {name} is {lengths}, not {[length or 'any' for length in shape]}"
    return None
