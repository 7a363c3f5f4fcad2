/** The page `/docs`: reads the server's OpenAPI document, and shows it. */
import { endpoint, prose } from "./docs/endpoint.js";
import { byId, h } from "./ui/dom.js";

const KEPT = "hayakuchi.docs.key";
const NEEDED = new Set([401, 403]);

const field = /** @type {HTMLInputElement} */ (byId("key"));
const main = byId("main");
const contents = byId("contents");

/** The key stays in this tab, and goes with it. */
const key = () => field.value.trim();

async function load() {
  const answer = await fetch("openapi.json", { headers: key() ? { Authorization: `Bearer ${key()}` } : {} });
  if (NEEDED.has(answer.status)) {
    const problem = await answer.json();
    tell(`This server asks for a key with the scope admin to show its documentation: ${problem.error.message}`);
    field.focus();
    return;
  }
  if (!answer.ok) {
    tell(`The server answered ${answer.status}. Try again in a moment.`);
    return;
  }
  show(await answer.json());
}

/** @param {string} text */
function tell(text) {
  contents.replaceChildren();
  main.replaceChildren(h("p", { id: "state", role: "status" }, text));
}

/** A path that may go on in the next line after a slash. @param {string} path @returns {Node[]} */
const broken = (path) => path.split(/(?<=\/)/).flatMap((part) => [document.createTextNode(part), h("wbr")]);

/** @param {Record<string, any>} told */
function show(told) {
  const schemas = told.components.schemas;
  byId("version").textContent = `API ${told.info.version}`;
  const operations = Object.entries(told.paths).flatMap(([path, methods]) => Object.entries(/** @type {Record<string, any>} */ (methods)).map(([method, operation]) => ({ path, method, operation })));
  const groups = told.tags.map((/** @type {any} */ { name, description }) => ({ name, description, within: operations.filter(({ operation }) => operation.tags.includes(name)) }));
  contents.replaceChildren(...groups.flatMap((/** @type {any} */ { name, within }) => [
    h("h2", {}, name),
    h("ul", {}, ...within.map((/** @type {any} */ { path, method, operation }) => h("li", {}, h("a", { href: `#${operation.operationId}` }, h("span", { class: `method ${method}` }, method.toUpperCase()), h("span", {}, ...broken(path)))))),
  ]));
  main.replaceChildren(
    h("div", { class: "about" }, ...prose(told.info.description), h("p", {}, h("a", { href: "openapi.json", download: "openapi.json" }, "openapi.json"))),
    ...groups.flatMap((/** @type {any} */ { name, description, within }) => [
      h("h2", {}, name),
      h("p", {}, description),
      ...within.map((/** @type {any} */ { path, method, operation }) => endpoint(method, path, operation, schemas, key)),
    ]),
  );
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function begin() {
  load().catch((error) => tell(`The server could not be reached: ${error.message}`));
}

field.value = sessionStorage.getItem(KEPT) ?? "";
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, key());
  begin();
});
begin();
