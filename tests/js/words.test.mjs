import assert from "node:assert/strict";
import { test } from "node:test";
import { lastCaption, nextCaption, textWidth } from "../../live2d_bridge/web/captions.js";
import { pickLanguage, tables } from "../../live2d_bridge/web/i18n.js";
import { grade } from "../../live2d_bridge/web/ui/latency.js";

test("a caption grows to its sentence and makes room for the next", () => {
  let shown = nextCaption("", " Once upon a time, ");
  assert.equal(shown, "Once upon a time, ");
  shown = nextCaption(shown, "there was a fox who loved the moon.");
  assert.equal(shown, "Once upon a time, there was a fox who loved the moon.");
  assert.equal(nextCaption(shown, " She slept by day."), "She slept by day.");
  assert.equal(nextCaption("Hi! ", "How are you?"), "Hi! How are you?");
});

test("Chinese counts double, and its marks end sentences", () => {
  assert.equal(textWidth("你好ab"), 6);
  const sentence = "从前有一只狐狸，把月光一点一点收进小玻璃瓶里面。";
  assert.equal(nextCaption(sentence, "她很开心。"), "她很开心。");
});

test("in the middle of a reply the last sentence is shown", () => {
  const reply = "I was counting petals on the windowsill. One of them might have been a moth, but it";
  assert.equal(lastCaption(reply), "One of them might have been a moth, but it");
  assert.equal(lastCaption(""), "");
});

test("every language has every word, with the same blanks to fill", () => {
  const blanks = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [language, words] of Object.entries(tables)) {
    assert.deepEqual(Object.keys(words).sort(), Object.keys(tables.en).sort(), language);
    for (const [key, text] of Object.entries(tables.en)) {
      assert.deepEqual(blanks(words[/** @type {keyof typeof words} */ (key)]), blanks(text), `${language}.${key}`);
    }
  }
});

test("the reader's first language that we have is picked", () => {
  assert.equal(pickLanguage(["fr-FR", "zh-TW", "en"]), "zh");
  assert.equal(pickLanguage(["fr"]), "en");
  assert.equal(pickLanguage([]), "en");
});

test("latency is graded against its threshold", () => {
  assert.deepEqual([300, 450, 500, 501].map((ms) => grade(ms, 500)), ["good", "near", "near", "late"]);
  assert.equal(grade(300, undefined), "plain");
});
