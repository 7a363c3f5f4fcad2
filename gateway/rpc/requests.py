"""What a gRPC caller asks for, checked, in our words."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal, cast

from ...core.types import Generation, Image, Message, Role, ToolCall
from ..api.chat_body import SESSION
from ..api.pictures import EXPECTED, is_picture
from ..api.problem import Problem
from ..chat.service import ChatRequest, Rewind
from .v1 import hayakuchi_pb2 as pb

LONGEST_NAME = 200
MAX_TOOLS = 128
MAX_STOPS = 4
_ROLES: dict[int, Role] = {
    pb.ROLE_SYSTEM: "system",
    pb.ROLE_USER: "user",
    pb.ROLE_ASSISTANT: "assistant",
    pb.ROLE_TOOL: "tool",
}
_DETAILS: dict[int, Literal["auto", "low", "high"]] = {
    pb.Image.DETAIL_AUTO: "auto",
    pb.Image.DETAIL_LOW: "low",
    pb.Image.DETAIL_HIGH: "high",
}
_CHOICES = ("auto", "none", "required")
_RANGES = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
    "max_tokens": (1, 2**31 - 1),
}


def chat_request(asked: pb.ChatRequest) -> ChatRequest:
    """Raises Problem (422), naming the field, for what cannot be asked."""
    if not asked.messages and not asked.HasField("rewind"):
        raise invalid("messages", "say at least one message")
    if asked.speak and not asked.session:
        raise invalid("session", "the avatar that speaks is that of a session: name one")
    if asked.HasField("session") and not re.fullmatch(SESSION, asked.session):
        raise invalid("session", "a session's name is 1 to 64 of A-Z a-z 0-9 _ -")
    if asked.HasField("rewind") and not asked.session:
        raise invalid("rewind", "what goes back is a session: name one")
    for field in ("model", "user"):
        if len(getattr(asked, field)) > LONGEST_NAME:
            raise invalid(field, f"at most {LONGEST_NAME} characters")
    return ChatRequest(
        model=asked.model,
        messages=tuple(_message(each, f"messages.{index}") for index, each in enumerate(asked.messages)),
        generation=_generation(asked.generation),
        session=_given(asked, "session"),
        user=_given(asked, "user"),
        disable_quick_response=asked.disable_quick_response,
        speak=asked.speak,
        rewind=Rewind(_given(asked.rewind, "message")) if asked.HasField("rewind") else None,
    )


def invalid(param: str, message: str) -> Problem:
    return Problem(422, f"{param}: {message}", "invalid_body", param)


def _given(message: Any, name: str) -> Any:
    """The value of an optional field; None where it was left out."""
    return getattr(message, name) if message.HasField(name) else None


def _message(said: pb.Message, where: str) -> Message:
    role = _ROLES.get(said.role)
    if role is None:
        raise invalid(f"{where}.role", "expected one of ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL")
    if said.images and role != "user":
        raise invalid(f"{where}.images", "only a user's message has images")
    if len(said.name) > LONGEST_NAME:
        raise invalid(f"{where}.name", f"at most {LONGEST_NAME} characters")
    if (role == "tool") != bool(said.tool_call_id):
        raise invalid(f"{where}.tool_call_id", "a tool's message says which call it answers, and no other does")
    return Message(
        role,
        said.content,
        _given(said, "name"),
        tuple(_image(each, f"{where}.images.{index}") for index, each in enumerate(said.images)),
        tuple(ToolCall(call.id, call.name, call.arguments) for call in said.tool_calls),
        _given(said, "tool_call_id"),
    )


def _image(image: pb.Image, where: str) -> Image:
    if not is_picture(image.url):
        raise invalid(f"{where}.url", EXPECTED)
    return Image(image.url, _DETAILS.get(image.detail))


def _generation(asked: pb.Generation) -> Generation:
    for name, (least, most) in _RANGES.items():
        value = _given(asked, name)
        if value is not None and not least <= value <= most:  # NaN is within nothing
            raise invalid(f"generation.{name}", f"expected {least} to {most}")
    if len(asked.stop) > MAX_STOPS or not all(asked.stop):
        raise invalid("generation.stop", f"expected at most {MAX_STOPS} texts, none of them empty")
    tools = _tools(asked.tools)
    response_format = _given(asked, "response_format")
    return Generation(
        temperature=_given(asked, "temperature"),
        top_p=_given(asked, "top_p"),
        max_tokens=_given(asked, "max_tokens"),
        stop=tuple(asked.stop),
        seed=_given(asked, "seed"),
        presence_penalty=_given(asked, "presence_penalty"),
        frequency_penalty=_given(asked, "frequency_penalty"),
        tools=tools,
        tool_choice=_choice(_given(asked, "tool_choice"), [tool.name for tool in asked.tools]),
        parallel_tool_calls=_given(asked, "parallel_tool_calls"),
        response_format=None if response_format is None else _object(response_format, "generation.response_format"),
    )


def _tools(tools: Sequence[pb.Tool]) -> tuple[dict[str, Any], ...]:
    if len(tools) > MAX_TOOLS:
        raise invalid("generation.tools", f"at most {MAX_TOOLS}")
    return tuple(_tool(tool, f"generation.tools.{index}") for index, tool in enumerate(tools))


def _tool(tool: pb.Tool, where: str) -> dict[str, Any]:
    if not tool.name:
        raise invalid(f"{where}.name", "a tool has a name")
    nothing = {"type": "object", "properties": {}}
    parameters = _object(tool.parameters, f"{where}.parameters") if tool.parameters else nothing
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def _choice(choice: str | None, names: Sequence[str]) -> str | dict[str, Any] | None:
    if choice is None or choice in _CHOICES:
        return choice
    if choice not in names:
        raise invalid("generation.tool_choice", "expected auto, none, required, or the name of one of the tools")
    return {"type": "function", "function": {"name": choice}}


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise invalid(where, "this is no JSON") from None
    if not isinstance(found, dict):
        raise invalid(where, "expected a JSON object")
    return cast(dict[str, Any], found)
