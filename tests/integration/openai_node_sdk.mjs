/** OpenAI's own library for JavaScript, unchanged, against the server at HAYAKUCHI_URL, which asks for keys. test_openai_node_sdk.py runs it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const baseURL = `${process.env.HAYAKUCHI_URL}/v1`;
const client = new OpenAI({ baseURL, apiKey: process.env.HAYAKUCHI_KEY, maxRetries: 0 });
const model = "default";

/** @param {string} content @returns {OpenAI.ChatCompletionMessageParam[]} */
const said = (content) => [{ role: "user", content }];

/** @type {OpenAI.ChatCompletionTool} */
const tool = { type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } };

test("a whole reply", async () => {
  const answer = await client.chat.completions.create({ model, messages: said("Hello!") });
  assert.equal(answer.choices[0].message.content, "Hello you there.");
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.ok(answer._request_id);
});

test("a streamed reply", async () => {
  const options = { include_usage: true };
  const stream = await client.chat.completions.create({
    model, messages: said("counted"), stream: true, stream_options: options,
  });
  let text = "";
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, "Hi you.");
  assert.equal(usage?.total_tokens, 12);
});

test("a round of tools", async () => {
  const messages = said("tools");
  const runner = client.chat.completions.stream({ model, messages, tools: [tool] });
  const message = await runner.finalMessage();
  const call = message.tool_calls?.[0];
  assert.ok(call?.type === "function");
  assert.deepEqual([call.id, call.function.name, call.function.arguments], ["c1", "look", '{"at": "sky"}']);
  const result = { role: /** @type {const} */ ("tool"), tool_call_id: call.id, content: "blue" };
  const answer = await client.chat.completions.create({ model, messages: [...messages, message, result], tools: [tool] });
  assert.equal(answer.choices[0].message.content, "It is blue.");
});

test("pictures", async () => {
  const picture = { type: /** @type {const} */ ("image_url"), image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } };
  const content = [{ type: /** @type {const} */ ("text"), text: "picture" }, picture];
  const answer = await client.chat.completions.create({ model, messages: [{ role: "user", content }] });
  assert.equal(answer.choices[0].message.content, "I see.");
});

test("errors are what the library has for them", async () => {
  const ask = (/** @type {object} */ more) =>
    client.chat.completions.create({ model, messages: said("Hello!"), ...more });
  await assert.rejects(ask({ model: "gpt-9" }), (error) => error instanceof OpenAI.NotFoundError && error.status === 404);
  await assert.rejects(ask({ n: 2 }), (error) => error instanceof OpenAI.UnprocessableEntityError && error.param === "n");
  await assert.rejects(ask({ messages: said("gone") }), OpenAI.InternalServerError);
  await assert.rejects(client.withOptions({ apiKey: "none" }).models.list(), OpenAI.AuthenticationError);
  const busy = client.withOptions({ apiKey: process.env.HAYAKUCHI_BUSY_KEY });
  const first = busy.chat.completions.create({ model, messages: said("slow") });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await assert.rejects(busy.chat.completions.create({ model, messages: said("Hello!") }), OpenAI.RateLimitError);
  assert.equal((await first).choices[0].message.content, "At last.");
});

test("a stream that breaks", async () => {
  const stream = await client.chat.completions.create({ model, messages: said("breaks"), stream: true });
  await assert.rejects(async () => {
    for await (const chunk of stream) assert.ok(chunk.id);
  }, /is gone/);
});

test("a stream that is aborted", async () => {
  const stream = await client.chat.completions.create({ model, messages: said("endless"), stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break;
  }
  assert.ok(stream.controller.signal.aborted);
});

test("completions", async () => {
  const answer = await client.completions.create({ model, prompt: ["Hello!", "Hello!"] });
  assert.deepEqual(answer.choices.map((choice) => choice.text), ["Hello you there.", "Hello you there."]);
  let text = "";
  for await (const chunk of await client.completions.create({ model, prompt: "Hello!", stream: true })) {
    text += chunk.choices[0].text;
  }
  assert.equal(text, "Hello you there.");
});

test("embeddings", async () => {
  const answer = await client.embeddings.create({ model: "vectors-1", input: ["abc", "ab"] });
  assert.deepEqual(answer.data.map((one) => one.embedding), [[3, 0.5, -1], [2, 0.5, -1]]);
});

test("models", async () => {
  const found = [];
  for await (const one of client.models.list()) found.push(one.id);
  assert.equal(found[0], "Test");
  assert.equal((await client.models.retrieve("Test")).owned_by, "hayakuchi");
});

test("the same key is answered once", async () => {
  const options = { idempotencyKey: "node-1", headers: { "Idempotency-Key": "node-1" } };
  const first = await client.chat.completions.create({ model, messages: said("Hello!") }, options);
  const again = await client.chat.completions.create({ model, messages: said("Hello!") }, options);
  assert.equal(again.id, first.id);
});
