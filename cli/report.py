"""Errors as lines of text and exit codes, the same in every command."""

from __future__ import annotations

from ..core.errors import ConfigError


def lines_of(error: BaseException) -> list[str]:
    """One line for each problem that an error tells of."""
    problems = getattr(error, "problems", None) or (error,)
    return [" ".join(str(problem).split()) or type(problem).__name__ for problem in problems]


def exit_code(error: BaseException) -> int:
    """2 for a mistake in the settings, 1 for anything else."""
    return 2 if isinstance(error, ConfigError) else 1
