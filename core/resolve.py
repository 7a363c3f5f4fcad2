"""Names to addresses, in a thread that nobody has to wait for.

The event loop's own resolver runs in its pool of threads, and a process cannot end before those have: without a network that
may take half a minute. These threads end with the process.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any

AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]
"""An entry of what ``socket.getaddrinfo`` returns."""


async def resolve(host: str, port: int) -> list[AddressInfo]:
    """The addresses of a host for TCP. Raises OSError; UnicodeError for a name that cannot be one."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[AddressInfo]] = loop.create_future()

    def look_up() -> None:
        try:
            result: list[AddressInfo] | OSError | UnicodeError
            result = list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            result = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits for the answer any more
            loop.call_soon_threadsafe(_tell, answer, result)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    return await answer


def _tell(answer: asyncio.Future[list[AddressInfo]], result: list[AddressInfo] | OSError | UnicodeError) -> None:
    if answer.done():
        return
    if isinstance(result, list):
        answer.set_result(result)
    else:
        answer.set_exception(result)
