/** When something was, in few words: the time of today, the day of this week, else the date. */

const DAY_MS = 86_400_000;

/**
 * @param {number} at ms since 1970
 * @param {number} now
 * @param {string} language BCP 47
 */
export function when(at, now, language) {
  const then = new Date(at);
  const days = Math.round((midnight(now) - midnight(at)) / DAY_MS);
  if (days <= 0) return then.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  if (days === 1) return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-1, "day");
  if (days < 7) return then.toLocaleDateString(language, { weekday: "long" });
  const year = then.getFullYear() === new Date(now).getFullYear() ? {} : /** @type {const} */ ({ year: "numeric" });
  return then.toLocaleDateString(language, { day: "numeric", month: "short", ...year });
}

/** @param {number} at */
function midnight(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}
