/** Who answers and who speaks, when that is not whom the settings put first: a chip at the top, and why in its panel. */
import { t } from "../i18n.js";
import { h } from "./dom.js";

const EXAMPLE = "llm:\n  - openai_llm:\n      base_url: http://127.0.0.1:11434/v1\n      model: qwen2.5";

/** @typedef {import("../protocol.js").Models} Models */
/** @typedef {{kind: "llm" | "tts", name: string, first: string}} StandIn */

/**
 * Who stands in for a first choice; the demo, which is told in its own way, is none.
 * @param {Models} models
 * @returns {StandIn[]}
 */
export function standIns(models) {
  const kinds = /** @type {("llm" | "tts")[]} */ (models.demo ? ["tts"] : ["llm", "tts"]);
  return kinds.flatMap((kind) => {
    const [name, first] = [models[kind], models.first_choice?.[kind]];
    return name && first && name !== first ? [{ kind, name: shortName(name), first: shortName(first) }] : [];
  });
}

/** @param {string} provider */
function shortName(provider) {
  return provider.replace(/_(llm|tts)$/, "").replace(/_+/g, " ").trim() || provider;
}

/**
 * @param {{anchor: HTMLElement, panel: HTMLElement}} elements
 */
export function createCastChip({ anchor, panel }) {
  const [title, more] = [anchor.querySelector("b"), anchor.querySelector("span")];
  if (!title || !more) throw new Error("the page has no words in its chip");
  /**
   * @param {string} character
   * @param {Models} models
   */
  return (character, models) => {
    const others = standIns(models);
    anchor.hidden = !models.demo && others.length === 0 && !models.not_kept;
    anchor.classList.toggle("calm", !models.demo && !models.not_kept);
    more.hidden = !models.demo || models.not_kept === true;
    title.textContent = titleOf(models, others);
    panel.replaceChildren(...explained(character, models, others));
  };
}

/**
 * The worst first: that nothing is kept is said before who stands in.
 * @param {Models} models
 * @param {StandIn[]} others
 */
function titleOf(models, others) {
  if (models.not_kept) return t("not_kept");
  return models.demo ? t("demo") : others.map(({ kind, name }) => t(`other_${kind}`, { name })).join(" · ");
}

/**
 * @param {string} character
 * @param {Models} models
 * @param {StandIn[]} others
 */
function explained(character, { demo, problems, not_kept }, others) {
  /** @type {HTMLElement[]} */
  const parts = not_kept ? [h("h2", {}, t("not_kept")), h("p", {}, t("not_kept_text"))] : [];
  if (demo) parts.push(h("h2", {}, t("demo_title", { name: character })), h("p", {}, t("demo_text")), h("pre", {}, EXAMPLE));
  for (const { kind, name, first } of others) parts.push(h(demo ? "p" : "h2", {}, t(`other_${kind}_title`, { name, first })));
  if (!demo && others.length > 0) parts.push(h("p", {}, t("other_text")));
  if (problems.length > 0) parts.push(h("h3", {}, t("demo_problems")), h("ul", {}, ...problems.map((problem) => h("li", {}, problem))));
  return parts;
}
