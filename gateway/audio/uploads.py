"""Forms with a file in them, read within limits: their size is counted while they come, and a slow sender is not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ...core.errors import CapacityError
from ..api.problem import Problem

AT_A_TIME = 4
"""Files at a time; each may be in memory, and its sound as well."""
BUSY_RETRY_S = 2.0
MB = 1_000_000
FORM_BYTES = 256 * 1024
"""What the fields and the form itself may take besides the file."""
MAX_FIELDS = 64
MAX_FIELD_BYTES = 64 * 1024
BODY_S = 120.0
"""How long the whole body may take."""
IDLE_S = 15.0
"""How long nothing of it may come."""
DRAIN_BYTES = 32 * MB
DRAIN_S = 5.0


class Uploads:
    """Counts the files that are in memory."""

    def __init__(self) -> None:
        self._running = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One is, within. Raises CapacityError when there are ``AT_A_TIME`` of them."""
        if self._running >= AT_A_TIME:
            raise CapacityError("too many files at a time; try again", BUSY_RETRY_S)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


class _Parser(MultiPartParser):
    """Knows whether the form came to its end."""

    complete = False

    def on_end(self) -> None:
        self.complete = True


class UploadForm:
    """The form of a request: ``async with UploadForm(request, max_mb) as form``. Its files are gone afterwards.

    Raises Problem, and ClientDisconnect when the sender hangs up.
    """

    def __init__(self, request: Request, max_mb: float) -> None:
        self._request, self._max_mb = request, max_mb
        self._limit = int(max_mb * MB) + FORM_BYTES
        self._form: FormData | None = None
        self._stream = request.stream()
        self._parser: _Parser

    async def __aenter__(self) -> FormData:
        kind = self._request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "multipart/form-data":
            raise _refused(415, "unsupported_content_type", "send the file as multipart/form-data")
        if _declared(self._request) > self._limit:
            raise await self._too_large()
        self._parser = _Parser(
            self._request.headers, self._body(), max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
        )
        try:
            self._form = await self._parser.parse()
        except MultiPartException as error:
            raise _refused(400, "invalid_form", f"the form cannot be read: {error.message}") from None
        return self._form

    async def __aexit__(self, *_: object) -> None:
        if self._form is not None:
            await self._form.close()

    async def _body(self) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        ends, size = loop.time() + BODY_S, 0
        while True:
            try:
                async with asyncio.timeout_at(min(loop.time() + IDLE_S, ends)):
                    chunk = await anext(self._stream, b"")
            except TimeoutError:
                raise _refused(408, "timeout", "the upload was too slow") from None
            if not chunk and self._parser.complete:
                return
            if not chunk:
                raise _refused(400, "invalid_form", "the form cannot be read: it ends in the middle")
            size += len(chunk)
            if size > self._limit:
                raise await self._too_large()
            yield chunk

    async def _too_large(self) -> Problem:
        """The refusal, once the sender had a chance to come to its end: most do not listen before that."""
        if "expect" not in self._request.headers:
            size = 0
            try:
                async with asyncio.timeout(DRAIN_S):
                    async for chunk in self._stream:
                        size += len(chunk)
                        if size > DRAIN_BYTES:
                            break
            except TimeoutError:
                pass  # it is told all the same
        return _refused(413, "file_too_large", f"the file is larger than {self._max_mb:g} MB, which is the limit")


def _refused(status: int, code: str, message: str) -> Problem:
    """The rest of the request is not read."""
    return Problem(status, message, code, close=True)


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0
