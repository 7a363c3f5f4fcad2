"""Pieces of work that wait for one SQLite connection, committed together: what fails of it leaves the others alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """``done`` is told when the work is committed, or why it is not."""

    work: Callable[[sqlite3.Connection], Any]
    done: Future[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


def commit(connection: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    """Run the jobs in one transaction. When that cannot be committed as a whole, each is tried by itself."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        for job in jobs:
            job.done.set_exception(error)
        return
    try:
        outcomes = _transaction(connection, jobs)
    except sqlite3.Error as error:
        if len(jobs) == 1:
            jobs[0].done.set_exception(error)
        else:
            for job in jobs:
                commit(connection, [job])
        return
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, _Failed):
            job.done.set_exception(outcome.error)
        else:
            job.done.set_result(outcome)


def _transaction(connection: sqlite3.Connection, jobs: Sequence[Job]) -> list[Any]:
    try:
        outcomes = [_outcome(connection, job) for job in jobs]
        connection.execute("COMMIT")
        return outcomes
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _outcome(connection: sqlite3.Connection, job: Job) -> Any:
    connection.execute("SAVEPOINT job")
    try:
        result = job.work(connection)
    except BaseException as error:
        # The thread is a boundary: whatever breaks is told to whoever asked for it, and to nobody else.
        if (
            not connection.in_transaction
        ):  # SQLite itself gives up the whole transaction, for example when the disk is full
            raise sqlite3.OperationalError(str(error)) from error
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return _Failed(error)
    connection.execute("RELEASE job")
    return result
