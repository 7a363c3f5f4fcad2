"""The environments of programs that others wrote, kept among this user's caches for the next time.

python tests/support/client_environments.py    makes those that are missing
"""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock

from hayakuchi.benchmarks.peers.environments import PACKAGES as PEERS
from hayakuchi.benchmarks.peers.environments import made

PACKAGES = {**PEERS, "langchain": ("langchain-openai==1.7.3", "langchain-core==1.7.2")}
LONGEST_S = 1800.0


def environment(name: str) -> Path:
    """The interpreter of the client's environment, which is made if it is missing. Raises CalledProcessError."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hayakuchi-tests" / "clients"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f"{name}.lock", timeout=LONGEST_S):
        return made(home / name, PACKAGES[name])


if __name__ == "__main__":
    for client in PACKAGES:
        environment(client)
