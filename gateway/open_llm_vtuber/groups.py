"""Which clients are in a group together, and what they may do about it.

Clients of one owner only: what a stranger's client is called is no better known here than what none is called.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

from ...core.errors import CapacityError
from . import server_messages as told
from .client import Client, Handler
from .client_messages import AddClientToGroup, RemoveClientFromGroup, RequestGroupInfo
from .group import Group
from .parting import Parting

MOST_MEMBERS: Final = 16
BROKEN: Final = "your group has ended by an internal error; the log has the details"

log = logging.getLogger(__name__)


class Refused(Exception):
    """The operation cannot be done; the text is for the client."""


class Groups:
    """``doors.groups``. ``run`` holds the conversations; it lasts as long as the server."""

    def __init__(self) -> None:
        self._tasks: asyncio.TaskGroup | None = None
        self._known: set[str] = set()
        """Clients whose end is told here."""

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                await asyncio.Event().wait()
            finally:
                self._tasks = None

    def add(self, client: Client, uid: str) -> str:
        """Take the client ``uid`` into this one's group, which is made where there is none. Raises Refused, CapacityError."""
        invited = client.doors.clients.find(uid)
        if invited is client:
            raise Refused("this is the client itself")
        if invited is None or invited.caller.owner != client.caller.owner:
            raise Refused("there is no client with this uid")
        if invited.group is not None:
            raise Refused("the client is in a group already")
        group = client.group or self._made(client)
        if len(group.members) >= MOST_MEMBERS:
            raise Refused(f"a group has {MOST_MEMBERS} members at most")
        self._join(group, invited)
        _tell_all(group)
        return "the client is in the group"

    def remove(self, client: Client, uid: str) -> str:
        """Take the client ``uid`` out of this one's group. Raises Refused."""
        group = client.group
        removed = next((member for member in group.members if member.uid == uid), None) if group is not None else None
        if group is None or removed is None:
            raise Refused("there is no client with this uid in your group")
        if removed is not client and group.members[0] is not client:
            raise Refused("only the owner of the group may remove others")
        self._leave(removed)
        return "the client has left the group"

    def _made(self, client: Client) -> Group:
        if self._tasks is None:
            raise CapacityError("the server does not run")
        group = Group(client.settings.group_turns, sound=client.settings.group_sound)
        self._join(group, client)
        self._tasks.create_task(_held(group.run, group.dissolve), name=f"group of client {client.uid}")
        return group

    def _join(self, group: Group, client: Client) -> None:
        if client.uid not in self._known:
            self._known.add(client.uid)
            client.at_end(partial(self._gone, client))
        group.join(client)

    def _leave(self, client: Client) -> None:
        """The next member is the owner then; a group of one is none."""
        group = client.group
        if group is None:
            return
        left = [group.leave(client)]
        if len(group.members) == 1:
            left.append(group.leave(group.members[0]))
        _tell_all(group)
        for parting in left:
            tell(parting.client)
            self._part(parting)

    def _part(self, parting: Parting) -> None:
        if self._tasks is not None:
            client = parting.client
            self._tasks.create_task(_held(parting.run, lambda: [client]), name=f"parting of client {client.uid}")

    def _gone(self, client: Client) -> None:
        self._known.discard(client.uid)
        self._leave(client)


async def _held(work: Callable[[], Awaitable[None]], broke: Callable[[], Sequence[Client]]) -> None:
    """Whatever breaks in it, the server lives on, and so do the other groups; ``broke`` says who is told."""
    try:
        await work()
    except Exception:
        # A group is a boundary: it is nobody else's end.
        log.exception("a group broke")
        for client in broke():
            client.send(told.error(BROKEN))
            tell(client)


def tell(client: Client, request_id: str | None = None) -> None:
    """Tell a client who is in its group."""
    members = client.group.members if client.group is not None else []
    is_owner = bool(members) and members[0] is client
    client.send(told.group_update([member.uid for member in members], is_owner=is_owner), request_id)


def _tell_all(group: Group) -> None:
    for member in group.members:
        tell(member)


async def _add(client: Client, message: AddClientToGroup, request_id: str | None) -> None:
    try:
        success, text = True, client.doors.groups.add(client, message.invitee_uid)
    except (Refused, CapacityError) as error:
        success, text = False, str(error)
    client.send(told.group_operation_result(success, text), request_id)


async def _remove(client: Client, message: RemoveClientFromGroup, request_id: str | None) -> None:
    try:
        success, text = True, client.doors.groups.remove(client, message.target_uid)
    except Refused as error:
        success, text = False, str(error)
    client.send(told.group_operation_result(success, text), request_id)


async def _tell(client: Client, message: RequestGroupInfo, request_id: str | None) -> None:
    tell(client, request_id)


HANDLERS: Mapping[type, Handler] = {AddClientToGroup: _add, RemoveClientFromGroup: _remove, RequestGroupInfo: _tell}
