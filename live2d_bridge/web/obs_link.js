/** The link for OBS: the stage alone, with the conversation that is shown here, and the key where there is one. */

/**
 * @param {string} page address of the studio
 * @param {{session: string, key: string | null}} options
 */
export function obsLink(page, { session, key }) {
  const link = new URL(`stage?${new URLSearchParams({ session, audio: "1" })}`, new URL(".", page));
  if (key) link.hash = `key=${key}`;
  return link.href;
}
