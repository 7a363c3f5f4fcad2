"""``python -m hayakuchi.gateway.rpc.generate``: write the Python code of ``v1/hayakuchi.proto`` anew. Needs grpcio-tools."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

V1 = Path(__file__).resolve().parent / "v1"
PROTO = "hayakuchi/v1/hayakuchi.proto"
"""What the file is called among the descriptors, whatever folder it lies in."""


def generated() -> dict[str, str]:
    """The generated files by name. Raises RuntimeError when the compiler refuses the file; it has said why on stderr."""
    from grpc_tools import protoc

    with TemporaryDirectory() as folder:
        options = [f"--{kind}={folder}" for kind in ("python_out", "pyi_out", "grpc_python_out")]
        included = [f"-Ihayakuchi/v1={V1}", f"-I{files('grpc_tools') / '_proto'}"]
        if protoc.main(["protoc", *included, *options, PROTO]) != 0:
            raise RuntimeError("the compiler refused hayakuchi.proto")
        found = sorted((Path(folder) / PROTO).parent.iterdir())
        # The stubs lie in this package, not in one of the proto's name.
        return {
            file.name: file.read_text("utf-8").replace("from hayakuchi.v1 import", "from . import") for file in found
        }


def main() -> None:
    for name, text in generated().items():
        (V1 / name).write_text(text, "utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
