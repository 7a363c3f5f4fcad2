/** The studio's two ways out: the link for OBS, and the button that leads to another key. */
import { t } from "./i18n.js";
import { nameOf } from "./key.js";
import { obsLink } from "./obs_link.js";
import { copyText } from "./ui/clipboard.js";
import { byId } from "./ui/dom.js";

/**
 * @param {ReturnType<typeof import("./key_desk.js").createKeyDesk>} desk
 * @param {ReturnType<typeof import("./studio_talks.js").createTalks>} talks
 * @param {ReturnType<typeof import("./ui/toasts.js").createToasts>} toasts
 */
export function createLinks(desk, talks, toasts) {
  const button = byId("key-button");

  async function copyLink() {
    const key = desk.key.value;
    const link = obsLink(location.href, { session: talks.session, key });
    // Without https some browsers copy nothing: show the link to copy by hand.
    const words = (await copyText(link)) ? t("obs_copied") : t("obs_manual", { link });
    const further = [t("obs_shows", { title: talks.title }), ...(key ? [t("obs_key")] : [])];
    toasts.show("info", [words, ...further].join(" "), "obs");
  }

  function showKey() {
    const key = desk.key.value;
    button.hidden = false;
    button.textContent = key ? t("key_held", { key: nameOf(key) }) : t("key_change");
  }

  byId("obs-button").addEventListener("click", () => void copyLink());
  button.addEventListener("click", desk.change);
  return {
    /** Keys are in use. */
    showKey,
    /** The key may be another one. */
    update() {
      const key = desk.key.value;
      if (key || !button.hidden) showKey();
      const label = key ? `${t("obs")}. ${t("obs_key")}` : t("obs");
      byId("obs-button").setAttribute("aria-label", label);
      byId("obs-button").title = label;
    },
  };
}
