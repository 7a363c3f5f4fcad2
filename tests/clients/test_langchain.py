"""LangChain's chat model and embeddings for OpenAI, unchanged, against the real server."""

from __future__ import annotations

import pytest
from chatting import until, words
from client_house import BAD_KEY, House
from foreign_client import ForeignClient

from hayakuchi.core.types import Finish, FinishReason, Image, TextDelta, ToolCall, ToolCallDelta, Usage

CLIENT = "langchain"
pytestmark = [pytest.mark.clients, pytest.mark.asyncio(loop_scope="module")]


async def test_a_reply_comes_word_by_word_with_its_tokens(home: House, client: ForeignClient) -> None:
    home.llm.answers = {"Hi": [*words("[joy] Hello you."), Finish(FinishReason.STOP), Usage(9, 3)]}
    reply = await client.do("chat", key=await home.key(), text="Hi", stream_usage=True, temperature=0.5)
    assert reply == {"texts": ["Hello", " you."], "tokens": [9, 3, 12], "finish": "stop"}
    options = home.asked("Hi").options
    assert options is not None
    assert options.temperature == 0.5


async def test_a_conversation_is_remembered(home: House, client: ForeignClient) -> None:
    home.llm.answers = {"And you?": words("I am fine.")}
    talk = await client.do("talk", key=await home.key(), texts=["Hi, I am Mika.", "And you?"])
    assert [text for kind, text in talk["items"] if kind == "ai"] == ["Hello you there.", "I am fine."]
    told = home.asked("And you?").told
    assert told[1:] == [("user", "Hi, I am Mika."), ("assistant", "Hello you there."), ("user", "And you?")]
    assert told[0][1].endswith("Be brief.")


async def test_a_function_is_called(home: House, client: ForeignClient) -> None:
    call = [ToolCallDelta(0, "c1", "look"), ToolCallDelta(0, arguments='{"at": '), ToolCallDelta(0, arguments='"sky"}')]
    home.llm.answers = {
        "What is up?": [*call, Finish(FinishReason.TOOL_CALLS)],
        "blue": words("It is blue."),
    }
    found = await client.do("tools", key=await home.key(), text="What is up?")
    assert found == {"calls": [["look", {"at": "sky"}]], "text": "It is blue."}
    *_, asking, answer = home.asked("blue").messages
    assert [(one.id, one.name) for one in asking.tool_calls] == [("c1", "look")]
    assert isinstance(asking.tool_calls[0], ToolCall)
    assert (answer.role, answer.tool_call_id) == ("tool", "c1")


async def test_a_reply_has_the_shape_that_is_asked_for(home: House, client: ForeignClient) -> None:
    home.llm.answers = {"Which colour?": words('{"name": "blue"}')}
    assert await client.do("shaped", key=await home.key(), text="Which colour?") == {"name": "blue"}
    options = home.asked("Which colour?").options
    assert options is not None
    assert options.response_format is not None
    assert options.response_format["json_schema"]["name"] == "Colour"


async def test_a_picture_is_seen(home: House, client: ForeignClient) -> None:
    url = "data:image/png;base64,iVBORw0KGgo="
    await client.do("look", key=await home.key(), text="What is this?", url=url)
    assert home.asked("What is this?").messages[-1].images == (Image(url),)


async def test_a_stream_that_is_left_closes_the_model(home: House, client: ForeignClient) -> None:
    home.llm.answers = {"Go on": [TextDelta("Well, "), TextDelta("it "), 60.0]}
    assert await client.do("leave", key=await home.key(), text="Go on") == {"text": "Well,"}
    await until(lambda: home.llm.running == 0, limit_s=1)


async def test_vectors(home: House, client: ForeignClient) -> None:
    """With its defaults it would send numbers of a tokenizer that it has to download."""
    found = await client.do("embed", key=await home.key(), texts=["ab", "abc"], check_embedding_ctx_length=False)
    assert found == {"vectors": [[2.0, 0.5, -1.0], [3.0, 0.5, -1.0]]}


async def test_errors(home: House, client: ForeignClient) -> None:
    found = await client.do("chat", key=BAD_KEY, text="Hi")
    assert found["status"] == 401
    assert BAD_KEY not in found["message"]
    found = await client.do("chat", key=await home.key(characters_per_day=3), text="Hello")
    assert found["status"] == 429
    assert "your limit of 3 characters a day" in found["message"]
    assert home.untouched
    found = await client.do("chat", key=await home.key(), text="Hi", name="gpt-4.1")
    assert found["status"] == 404
    assert "there is no model 'gpt-4.1'; there are: Test" in found["message"]


async def test_the_responses_api_is_refused_with_what_to_do_instead(home: House, client: ForeignClient) -> None:
    found = await client.do("chat", key=await home.key(), text="Hi", use_responses_api=True)
    assert found["status"] == 404
    assert "POST /v1/chat/completions" in found["message"]
