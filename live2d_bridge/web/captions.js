/**
 * What a subtitle shows: speech is cut into pieces as short as two words, but a caption is a sentence that grows while it is
 * spoken, and makes room when the next one begins.
 */
const FULL = 96;
const SHORT = 44;
const SENTENCE_END = /[.!?。！？…‥~～♪][\s"'”’»」』）)\]]*$/u;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
const SENTENCES = /[^.!?。！？…]+[.!?。！？…]*["'”’»」』）)\]]*\s*|[.!?。！？…]+/gu;

/**
 * Width of a text in Latin letters; Chinese, Japanese and Korean characters count as two.
 * @param {string} text
 */
export function textWidth(text) {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/**
 * The caption when `text` begins to be spoken while `shown` stands there.
 * @param {string} shown
 * @param {string} text
 */
export function nextCaption(shown, text) {
  const joined = shown + text;
  const limit = SENTENCE_END.test(shown) ? SHORT : FULL;
  return shown && textWidth(joined.trim()) <= limit ? joined : text.trimStart();
}

/**
 * The caption in the middle of a reply of which only the text so far is known.
 * @param {string} reply
 */
export function lastCaption(reply) {
  return (reply.match(SENTENCES) ?? []).reduce(nextCaption, "");
}
