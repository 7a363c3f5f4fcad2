"""``python -m hayakuchi``: the same as the ``hayakuchi`` command."""

from .cli.main import main

main()
