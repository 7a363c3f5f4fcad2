/**
 * A small typed event emitter.
 * @template {object} M event name → value
 */
export class Emitter {
  /** @type {Map<keyof M, Set<(value: any) => void>>} */
  #listeners = new Map();

  /**
   * @template {keyof M} K
   * @param {K} type
   * @param {(value: M[K]) => void} listener
   * @returns {() => void} stops listening
   */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /**
   * @template {keyof M} K
   * @param {K} type
   * @param {M[K]} value
   */
  emit(type, value) {
    for (const listener of this.#listeners.get(type) ?? []) listener(value);
  }
}
