/** What went wrong or came too late, told to the person at the desk. */
import { t } from "./i18n.js";
import { stageLabel } from "./ui/waterfall.js";

/**
 * @param {import("./client.js").StageClient} client
 * @param {ReturnType<typeof import("./ui/toasts.js").createToasts>} toasts
 */
export function giveNotice(client, toasts) {
  client.on("latency.breached", ({ figure, value_ms, threshold_ms, stage }) => {
    const words = { figure: figure.replace(/_/g, " "), ms: Math.round(value_ms), limit: Math.round(threshold_ms), stage: stageLabel(stage) };
    toasts.show("warn", t("latency_late", words), `late:${figure}`);
  });
  client.on("provider.failed", ({ provider, message, fallback }) => {
    const text = t(fallback ? "provider_fallback" : "provider_failed", { provider, message, fallback: fallback ?? "" });
    toasts.show("error", text, `failed:${provider}`);
  });
  client.on("error", ({ code, message }) => {
    toasts.show("warn", code === "protocol" ? t("server_error", { message }) : message);
  });
  client.on("malformed", (message) => console.warn("not understood:", message));
}
