"""Errors as OpenAI's clients expect them: ``{"error": {"message", "type", "code", "param"}}``."""

from __future__ import annotations

from starlette.responses import JSONResponse

from ...core.errors import HayakuchiError

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}


class Problem(HayakuchiError):
    """A request is refused; ``str()`` is for the caller, and says what to do where that is known."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        param: str | None = None,
        *,
        retry_after_s: float | None = None,
        close: bool = False,
    ) -> None:
        self.status, self.code, self.param, self.retry_after_s = status, code, param, retry_after_s
        self.close = close
        """The rest of the request is not read."""
        super().__init__(message)

    @property
    def body(self) -> dict[str, object]:
        kind = _TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "code": self.code, "param": self.param}}

    @property
    def headers(self) -> dict[str, str]:
        found = {"Connection": "close"} if self.close else {}
        if self.retry_after_s is not None:
            found["Retry-After"] = str(max(round(self.retry_after_s), 1))
        return found

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, self.headers)
