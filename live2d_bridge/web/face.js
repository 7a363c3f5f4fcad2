/** The face of the show: takes on what the reply wants, rests when nothing was heard for a while, sleeps while nobody can hear. */

const RESTS_AFTER_MS = 3500;
const FADE_MS = 260;
const ASLEEP = { ParamEyeLOpen: 0, ParamEyeROpen: 0, ParamMouthForm: 0.3 };

export class Face {
  /** @type {Record<string, Record<string, number>>} the character's own, by name */
  expressions = {};
  #avatar;
  #resting = true;

  /** @param {Pick<import("./avatar/driver.js").Avatar, "setExpression">} avatar */
  constructor(avatar) {
    this.#avatar = avatar;
  }

  /** @param {string} name */
  express(name) {
    const parameters = this.expressions[name];
    const known = parameters && Object.keys(parameters).length > 0;
    this.#avatar.setExpression(name, known ? parameters : undefined, FADE_MS);
  }

  /** There is something to say: what is taken on from here will be rested from. */
  wake() {
    this.#resting = false;
  }

  /** @param {number} quietMs since something was last heard */
  rest(quietMs) {
    if (this.#resting || quietMs < RESTS_AFTER_MS) return;
    this.#resting = true;
    this.#avatar.setExpression("neutral", undefined, 2 * FADE_MS);
  }

  /** @param {boolean} asleep */
  sleep(asleep) {
    if (asleep) this.#avatar.setExpression("asleep", ASLEEP, 0);
    else this.#avatar.setExpression("neutral", undefined, 2 * FADE_MS);
  }
}
