/** What the studio changes of a history: messages said anew, answered once more, taken back, and other branches gone to. */
import { t } from "./i18n.js";
import { copyText } from "./ui/clipboard.js";

const MOST = 1000;
const UNDO = "undo";

/** @typedef {import("./ui/entry.js").Entry} Entry */

/**
 * @param {import("./client.js").StageClient} client
 * @param {ReturnType<typeof import("./ui/toasts.js").createToasts>} toasts
 * @param {(entry: Entry) => import("./protocol.js").KeptMessage[]} from the messages of the history from this one on
 */
export function createRevisions(client, toasts, from) {
  /** Whether a turn is running: what it keeps is not in the history yet. */
  let running = false;
  /** Waits for the end of the turn. @type {Entry | null} */
  let waiting = null;
  /** What was taken back, until the server says that it is. @type {{leaf: number | null, count: number} | null} */
  let asked = null;

  /** @param {{type: string} & Record<string, unknown>} message */
  const send = (message) => {
    const sent = client.send(message);
    if (!sent) toasts.show("error", t("not_sent"), "not-sent");
    return sent;
  };

  /** @param {Entry} entry */
  const takeBack = (entry) => {
    const gone = from(entry);
    const count = Math.min(MOST, gone.length);
    if (count > 0 && send({ type: "history.rollback", count })) asked = { leaf: gone.at(-1)?.id ?? null, count };
  };

  const reset = () => {
    waiting = asked = null;
    toasts.dismiss(UNDO);
  };

  client.on("session.snapshot", ({ turn }) => {
    running = turn !== null;
    waiting = asked = null;
  });
  client.on("turn.started", () => (running = true));
  client.on("turn.ended", () => {
    running = false;
    // The chat has to know first what the turn keeps.
    const entry = waiting;
    waiting = null;
    if (entry) queueMicrotask(() => takeBack(entry));
  });
  client.on("history", () => {
    if (!asked) return;
    const { leaf, count } = asked;
    asked = null;
    const undo = leaf === null ? null : { label: t("undo"), act: () => void send({ type: "branch.select", message: leaf }) };
    toasts.show("info", t("taken_back", { count }), UNDO, undo);
  });
  client.on("error", () => (asked = null));

  return {
    reset,
    /** @type {import("./ui/chat.js").Handlers} */
    handlers: {
      edit: (message, text) => send({ type: "message.edit", message, text }),
      again: () => void send({ type: "reply.regenerate" }),
      select: (message) => void send({ type: "branch.select", message }),
      back(entry) {
        if (!running) takeBack(entry);
        else if (send({ type: "interrupt" })) waiting = entry;
      },
      copy: (entry) => void copyText(entry.content).then((copied) => (copied ? entry.copied() : toasts.show("warn", t("copy_failed"), "copy"))),
    },
  };
}
