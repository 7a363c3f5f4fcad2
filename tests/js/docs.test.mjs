import assert from "node:assert/strict";
import { test } from "node:test";
import { curl, prepared } from "../../live2d_bridge/web/docs/request.js";
import { below, fields, limits, typeName } from "../../live2d_bridge/web/docs/schema.js";

const SCHEMAS = {
  Body: {
    type: "object",
    required: ["messages"],
    properties: {
      messages: { type: "array", items: { $ref: "#/components/schemas/Message" }, minItems: 1, maxItems: 2000 },
      stop: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" }, maxItems: 16 }, { type: "null" }], default: null, description: "Ends it" },
      kind: { $ref: "#/components/schemas/Kind" },
      speed: { type: "number", minimum: 0.25, maximum: 4, default: 1 },
    },
  },
  Message: { type: "object", properties: { role: { enum: ["user", "assistant"] }, calls: { type: "array", items: { $ref: "#/components/schemas/Call" } } } },
  Kind: { type: "string", enum: ["mp3", "wav"] },
  Call: { type: "object", properties: { again: { $ref: "#/components/schemas/Message" } } },
};

test("types are told in words", () => {
  assert.equal(typeName({ $ref: "#/components/schemas/Body" }), "Body");
  assert.equal(typeName({ type: "array", items: { enum: ["a", 1] } }), '("a" | 1)[]');
  assert.equal(typeName({ const: "list" }), '"list"');
  assert.equal(typeName({ contentMediaType: "audio/mpeg" }), "bytes");
  assert.equal(typeName({}), "any");
});

test("fields know whether they are required, and their limits", () => {
  const [messages, stop, kind, speed] = fields({ $ref: "#/components/schemas/Body" }, SCHEMAS);
  assert.deepEqual(messages, { name: "messages", type: "Message[]", required: true, description: "", limits: "not empty, at most 2000" });
  assert.deepEqual(stop, { name: "stop", type: "string | string[] | null", required: false, description: "Ends it", limits: "at most 16" });
  assert.equal(kind.type, '"mp3" | "wav"');
  assert.equal(speed.limits, "0.25 to 4, default 1");
  assert.equal(limits({ exclusiveMinimum: 3, pattern: "^x$" }), "at least 3, matches ^x$");
});

test("schemas that lead to each other are found once", () => {
  assert.deepEqual(below({ $ref: "#/components/schemas/Body" }, SCHEMAS), ["Message", "Call", "Kind"]);
  assert.deepEqual(below({ type: "string" }, SCHEMAS), []);
});

test("a request is filled in, and what was left out is not sent", () => {
  const parameters = [
    { place: "path", name: "session", value: "a/b c" },
    { place: "query", name: "limit", value: "5" },
    { place: "query", name: "before", value: "" },
    { place: "header", name: "Idempotency-Key", value: "k1" },
  ];
  const request = prepared("GET", "/chat/history/{session}", parameters, null, "hk_1");
  assert.deepEqual(request, { method: "GET", url: "/chat/history/a%2Fb%20c?limit=5", headers: { Authorization: "Bearer hk_1", "Idempotency-Key": "k1" }, body: null });
});

test("curl quotes what it is given, and does not show the key", () => {
  const request = prepared("POST", "/llm", [], `{"say": "it's"}`, "hk_secret");
  const command = curl(request, "http://127.0.0.1:1");
  assert.ok(!command.includes("hk_secret"));
  assert.match(command, /-d '\{"say": "it'\\''s"\}'/);
  const form = new FormData();
  form.append("model", "whisper-1");
  form.append("file", new File(["x"], "a.wav"));
  assert.match(curl(prepared("POST", "/x", [], form, ""), ""), /-F 'model=whisper-1' \\\n {2}-F 'file=@a.wav'/);
});
