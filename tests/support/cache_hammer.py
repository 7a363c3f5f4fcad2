"""A process that reads and writes clips in a folder as fast as it can: ``cache_hammer.py FOLDER SEED SECONDS``.

Prints ``going`` once it has begun, then what it did as JSON. Exits 1 when it ever reads another clip than was written.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from hayakuchi.core.types import Mark, MarkKind
from hayakuchi.tts.cache_clip import Clip
from hayakuchi.tts.cache_disk import ClipFolder

KEYS = 60
MAX_BYTES = 2_000_000


def clip(number: int) -> Clip:
    """The same for the same number in every process."""
    pcm = random.Random(number).randbytes(2 * (1000 + 1000 * (number % 50)))
    return Clip(pcm, 16_000, (Mark(MarkKind.WORD, float(number), ""),), len(pcm) // 2)


def main(folder: Path, seed: int, seconds: float) -> int:
    random_ = random.Random(seed)
    clips = {f"{number:04}": clip(number) for number in range(KEYS)}
    disk = ClipFolder(folder, MAX_BYTES, max_files=40)
    done = {"written": 0, "read": 0, "absent": 0}
    end = time.monotonic() + seconds
    print("going", flush=True)  # noqa: T201 it is what the parent waits for
    while time.monotonic() < end:
        key = random_.choice(list(clips))
        if random_.random() < 0.4:
            disk.write(key, clips[key])
            done["written"] += 1
        elif (found := disk.read(key)) is None:
            done["absent"] += 1
        elif found == clips[key]:
            done["read"] += 1
        else:
            return 1
    disk.tidy()
    print(json.dumps(done))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
