/** The top of the page: who is on stage, what she does, whether the connection holds, and who stands in for whom. */
import { t } from "../i18n.js";
import { createCastChip } from "./cast_chip.js";
import { grade } from "./latency.js";

const FULL = 1013;

/**
 * @param {{root: HTMLElement, name: HTMLElement, status: HTMLElement, demo: HTMLElement, demoPanel: HTMLElement, latency: HTMLElement, latencyAnchor: HTMLElement}} elements
 */
export function createStatus({ root, name, status, demo, demoPanel, latency, latencyAnchor }) {
  const chip = createCastChip({ anchor: demo, panel: demoPanel });
  /** @type {import("../show.js").Phase} */
  let phase = "idle";
  let paused = false;
  /** @type {import("../client.js").Link} */
  let link = { state: "connecting", retryInMs: 0, code: 0, why: null };
  let seen = false;
  let closing = false;

  const show = () => {
    const calm = closing ? "closing" : link.state;
    root.dataset.link = link.state === "connecting" && seen && !closing ? "lost" : calm;
    root.dataset.phase = paused ? "listening" : phase;
    if (closing) status.textContent = t("restarting");
    else if (link.state === "open") status.textContent = t(paused ? "listening" : phase);
    else if (link.state === "refused") status.textContent = t("key_needed");
    else if (link.why?.kind === "shut") status.textContent = t("shut", { message: link.why.message });
    else if (link.why?.kind === "wait" || link.code === FULL) status.textContent = t(link.why?.kind === "wait" && link.why.limit ? "key_wait" : "full");
    else status.textContent = t(root.dataset.link === "lost" ? "lost" : "connecting");
  };

  return {
    /** @param {import("../show.js").Phase} next */
    phase(next) {
      phase = next;
      show();
    },
    /** @param {boolean} next she holds her voice to listen */
    paused(next) {
      paused = next;
      show();
    },
    /** @param {import("../client.js").Link} next */
    link(next) {
      link = next;
      if (next.state === "lost") seen = true;
      if (next.state === "open") seen = closing = false;
      show();
    },
    /** The server ends, and begins anew. */
    closing() {
      closing = true;
      show();
    },
    /** @param {import("../protocol.js").Snapshot} snapshot */
    cast({ character, models }) {
      name.textContent = character.name;
      document.title = `${character.name} · Hayakuchi`;
      this.models(models);
    },
    /** @param {import("../protocol.js").Models} models */
    models(models) {
      chip(name.textContent ?? "", { ...models, problems: models.problems ?? [] });
    },
    /**
     * @param {number} ms
     * @param {number | undefined} threshold
     */
    firstAudio(ms, threshold) {
      latencyAnchor.hidden = false;
      latency.className = `chip latency-chip ${grade(ms, threshold)}`;
      latency.textContent = `${Math.round(ms)} ms`;
      latency.title = t("first_audio", { ms: Math.round(ms) });
      latency.setAttribute("aria-label", latency.title);
    },
  };
}
