/** "Try it": a form for one endpoint, which sends what is in it and shows the answer while it comes. */
import { h } from "../ui/dom.js";
import { curl, prepared } from "./request.js";
import { fields, resolved } from "./schema.js";

/** @typedef {import("./schema.js").Schemas} Schemas */
/** @typedef {import("./request.js").Filled} Filled */
/** @typedef {Record<string, any>} Operation */

/** @typedef {{ element: HTMLElement, value: () => string | FormData | null }} Body */

const SHOWN = 200_000;

/**
 * @param {string} method
 * @param {string} path
 * @param {Operation} operation
 * @param {Schemas} schemas
 * @param {() => string} key
 * @returns {HTMLElement}
 */
export function trial(method, path, operation, schemas, key) {
  /** @type {{ place: string, name: string, field: HTMLInputElement }[]} */
  const inputs = (operation.parameters ?? []).map((/** @type {any} */ parameter) => ({
    place: parameter.in,
    name: parameter.name,
    field: h("input", { value: parameter.example ?? "", required: parameter.required, placeholder: parameter.required ? "" : "left out", "aria-label": parameter.name }),
  }));
  const body = bodyOf(operation, schemas);
  const status = h("p", { class: "status", role: "status" });
  const shown = h("div", { class: "answer" });
  const command = h("pre", { class: "curl" });
  const send = h("button", { type: "submit", class: "send" }, "Send");
  const stop = h("button", { type: "button", class: "stop", hidden: true }, "Stop");
  const request = () => prepared(method, path, inputs.map(({ place, name, field }) => ({ place, name, value: field.value })), body?.value() ?? null, key());
  const tell = () => { command.textContent = curl(request(), document.baseURI.replace(/\/[^/]*$/, "")); };

  /** @type {AbortController | null} */
  let running = null;
  const go = async () => {
    running?.abort();
    const control = (running = new AbortController());
    stop.hidden = false;
    shown.replaceChildren();
    status.textContent = "Waiting …";
    const began = performance.now();
    try {
      const { url, ...options } = request();
      const answer = await fetch(url.slice(1), { ...options, signal: control.signal });
      const first = Math.round(performance.now() - began);
      status.textContent = `${answer.status} ${answer.statusText}, begun after ${first} ms`;
      status.dataset.good = String(answer.ok);
      await show(answer, shown);
      status.textContent += `, complete after ${Math.round(performance.now() - began)} ms`;
    } catch (error) {
      if (running === control) status.textContent = control.signal.aborted ? "Stopped" : `Not answered: ${error instanceof Error ? error.message : error}`;
    } finally {
      if (running === control) stop.hidden = true;
    }
  };
  stop.addEventListener("click", () => running?.abort());
  const form = h("form", { class: "trial" },
    ...inputs.map(({ name, place, field }) => h("label", {}, h("span", {}, `${name} `, h("small", {}, place)), field)),
    body?.element ?? null,
    h("div", { class: "buttons" }, send, stop),
    h("details", {}, h("summary", {}, "As curl"), command),
    status,
    shown,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell();
    void go();
  });
  form.addEventListener("input", tell);
  form.addEventListener("toggle", tell, true);
  return form;
}

/** @param {Operation} operation @param {Schemas} schemas @returns {Body | null} */
function bodyOf(operation, schemas) {
  if (!operation.requestBody) return null;
  const [kind, content] = /** @type {[string, any]} */ (Object.entries(operation.requestBody.content)[0]);
  return kind === "application/json" ? jsonBody(content) : formBody(content, schemas);
}

/** @param {any} content @returns {Body} */
function jsonBody(content) {
  const examples = Object.entries(content.examples ?? {});
  const text = h("textarea", { spellcheck: "false", rows: 8, "aria-label": "Body" });
  const choice = h("select", { "aria-label": "Example" }, ...examples.map(([name]) => h("option", { value: name }, name)));
  const take = () => {
    const value = content.examples?.[choice.value]?.value ?? {};
    text.value = JSON.stringify(value, null, 2);
    text.rows = Math.min(text.value.split("\n").length, 18);
  };
  choice.addEventListener("change", take);
  take();
  const element = h("div", { class: "body" }, h("label", {}, h("span", {}, "Body ", h("small", {}, "JSON, from the example")), choice), text);
  return { element, value: () => text.value };
}

/** @param {any} content @param {Schemas} schemas @returns {Body} */
function formBody(content, schemas) {
  const first = /** @type {any} */ (Object.values(content.examples ?? {})[0])?.value ?? {};
  const { properties = {} } = resolved(content.schema, schemas);
  const inputs = fields(content.schema, schemas).map(({ name, type, required }) => {
    const field = type === "bytes" ? h("input", { type: "file", required }) : h("input", { value: first[name] ?? "", placeholder: required ? "" : "left out", title: properties[name].description ?? "" });
    return { name, field };
  });
  const element = h("div", { class: "body" }, ...inputs.map(({ name, field }) => h("label", {}, h("span", {}, `${name} `, h("small", {}, "form")), field)));
  return {
    element,
    value: () => {
      const form = new FormData();
      for (const { name, field } of inputs) {
        if (field.files) for (const file of field.files) form.append(name, file);
        else if (field.value !== "") form.append(name, field.value);
      }
      return form;
    },
  };
}

/** @param {Response} answer @param {HTMLElement} shown */
async function show(answer, shown) {
  const kind = (answer.headers.get("content-type") ?? "").split(";")[0];
  if (kind.startsWith("audio/")) {
    const sound = await answer.blob();
    const url = URL.createObjectURL(sound);
    const save = h("a", { href: url, download: `speech.${kind.slice(6)}` }, `Save (${Math.ceil(sound.size / 1000)} KB, ${kind})`);
    shown.append(kind === "audio/pcm" ? "" : h("audio", { controls: true, src: url }), save);
    return;
  }
  const text = h("pre", {});
  shown.append(text);
  if (kind === "application/json") {
    const told = await answer.text();
    text.textContent = cut(pretty(told));
    return;
  }
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    text.textContent = cut((text.textContent ?? "") + part.value);
  }
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** @param {string} text */
const cut = (text) => (text.length > SHOWN ? `${text.slice(0, SHOWN)} …` : text);
