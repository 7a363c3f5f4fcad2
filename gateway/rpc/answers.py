"""What a gRPC caller is told: events, and errors as a status with trailing metadata."""

from __future__ import annotations

from typing import NoReturn

import grpc

from ...core.errors import HayakuchiError
from ...core.types import FinishReason, ReasoningDelta, TextDelta, ToolCallDelta
from ..api.serving import problem_of
from ..chat.service import ChatEvent, Done
from .v1 import hayakuchi_pb2 as pb

LONGEST_DETAILS = 500
"""Characters. Details travel among the trailing headers, of which clients take 8 KB, and may be three bytes a byte."""
_STATUS = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ABORTED,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_FINISH = {
    FinishReason.STOP: pb.FINISH_REASON_STOP,
    FinishReason.LENGTH: pb.FINISH_REASON_LENGTH,
    FinishReason.TOOL_CALLS: pb.FINISH_REASON_TOOL_CALLS,
    FinishReason.CONTENT_FILTER: pb.FINISH_REASON_CONTENT_FILTER,
}


def event_message(event: ChatEvent) -> pb.ChatEvent:
    """An event of a reply as it is sent."""
    match event:
        case TextDelta(text):
            return pb.ChatEvent(text=text)
        case ReasoningDelta(text):
            return pb.ChatEvent(reasoning=text)
        case ToolCallDelta(index, call, name, arguments):
            return pb.ChatEvent(tool_call=pb.ToolCallDelta(index=index, id=call, name=name, arguments=arguments))
        case Done():
            return pb.ChatEvent(done=_done(event))


def _done(done: Done) -> pb.Done:
    user, assistant = done.message_ids
    usage = pb.Usage(
        prompt_tokens=done.usage.prompt_tokens,
        completion_tokens=done.usage.completion_tokens,
        estimated=done.estimated,
    )
    return pb.Done(
        finish_reason=_FINISH[done.finish],
        usage=usage,
        model=done.model,
        user_message_id=user,
        assistant_message_id=assistant,
    )


async def refuse(context: grpc.aio.ServicerContext, error: HayakuchiError) -> NoReturn:
    """End the call with what the error says; ``hayakuchi-code`` and ``retry-after`` stand in the trailing metadata."""
    problem = problem_of(error)
    status = _STATUS.get(problem.status, grpc.StatusCode.INTERNAL)
    metadata = [("hayakuchi-code", problem.code)]
    if problem.retry_after_s is not None:
        metadata.append(("retry-after", str(max(round(problem.retry_after_s), 1))))
    await context.abort(status, str(problem)[:LONGEST_DETAILS], tuple(metadata))
    raise AssertionError("abort does not return")
