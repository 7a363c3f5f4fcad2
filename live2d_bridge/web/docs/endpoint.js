/** One endpoint: what it is for, what it takes, what it answers. */
import { h } from "../ui/dom.js";
import { below, fields, limits, nameOf, resolved, typeName } from "./schema.js";
import { trial } from "./trial.js";

/** @typedef {import("./schema.js").Schema} Schema */
/** @typedef {import("./schema.js").Schemas} Schemas */

/**
 * Paragraphs, with what stands in backticks as code.
 * @param {string} text
 * @returns {HTMLElement[]}
 */
export function prose(text) {
  return text.split("\n\n").filter(Boolean).map((paragraph) => h("p", {}, ...inline(paragraph)));
}

/** @param {string} text @returns {(Node | string)[]} */
const inline = (text) => text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));

/**
 * @param {string} method
 * @param {string} path
 * @param {Record<string, any>} operation
 * @param {Schemas} schemas
 * @param {() => string} key
 * @returns {HTMLElement}
 */
export function endpoint(method, path, operation, schemas, key) {
  const content = Object.entries(operation.requestBody?.content ?? {})[0];
  const told = h("div", { class: "told" }, ...prose(operation.description));
  if (operation.parameters) told.append(h("h4", {}, "Parameters"), parameters(operation.parameters));
  if (content) {
    const [kind, { schema }] = /** @type {[string, any]} */ (content);
    told.append(h("h4", {}, "Body ", h("small", {}, kind)), ...shape(schema, schemas));
  }
  told.append(h("h4", {}, "Answers"), answers(operation.responses, schemas));
  return h("section", { id: operation.operationId, class: "endpoint" },
    h("h3", {}, h("a", { href: `#${operation.operationId}`, class: "path" }, h("span", { class: `method ${method}` }, method.toUpperCase()), h("code", {}, path)), h("span", {}, operation.summary)),
    h("div", { class: "halves" }, told, trial(method.toUpperCase(), path, operation, schemas, key)),
  );
}

/** @param {any[]} list */
function parameters(list) {
  return table(list.map(({ name, in: place, required, description, schema }) => [h("code", {}, name), required ? `${place}, required` : place, ...words(typeName(schema), limits(schema), description)]));
}

/** @param {Schema} schema @param {Schemas} schemas @returns {HTMLElement[]} */
function shape(schema, schemas) {
  const first = shapeTable(schema, schemas);
  const further = below(schema, schemas).map((name) => ({ name, schema: schemas[name] })).filter(({ schema: one }) => one.properties);
  return [first, ...further.map(({ name, schema: one }) => h("details", {}, h("summary", {}, name), shapeTable(one, schemas)))];
}

/** @param {Schema} schema @param {Schemas} schemas */
function shapeTable(schema, schemas) {
  return table(fields(schema, schemas).map((field) => [h("code", {}, field.name), field.required ? "required" : "", ...words(field.type, field.limits, field.description)]));
}

/** @param {string} type @param {string} limit @param {string} description */
const words = (type, limit, description) => [h("span", { class: "type" }, type), h("span", {}, ...inline(description), limit && description ? h("br") : null, limit ? h("small", {}, limit) : null)];

/** @param {(Node | string)[][]} rows */
const table = (rows) => h("table", {}, h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, cell))))));

/** @param {Record<string, any>} responses @param {Schemas} schemas */
function answers(responses, schemas) {
  return h("div", { class: "answers" }, ...Object.entries(responses).map(([status, { description, content = {} }]) => {
    const kinds = Object.entries(content);
    const good = status < "400";
    const inside = kinds.flatMap(([kind, { schema, example }]) => {
      const fieldsOf = nameOf(schema) && resolved(schema, schemas).properties ? shape(schema, schemas) : [];
      const shown = example === undefined ? null : h("pre", {}, JSON.stringify(example, null, 2));
      return [h("p", {}, h("code", {}, kind), " ", ...inline(nameOf(schema) || schema.description || "")), ...fieldsOf, ...(shown ? [shown] : [])];
    });
    return h("details", { class: good ? "good" : "bad" }, h("summary", {}, h("strong", {}, status), " ", ...inline(description)), ...inside);
  }));
}
