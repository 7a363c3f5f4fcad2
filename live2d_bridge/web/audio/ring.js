/**
 * A FIFO of sound that knows where in the turn each sample belongs.
 *
 * Samples come out in the order they went in. It grows when it must: what the server sent is never overwritten.
 */
export class SampleRing {
  #buffer;
  #head = 0;
  #length = 0;
  /** @type {{position: number, count: number}[]} runs of contiguous positions, oldest first */
  #runs = [];
  #end = 0;

  /** @param {number} capacity samples to begin with */
  constructor(capacity = 16384) {
    this.#buffer = new Float32Array(capacity);
  }

  /** Samples that can be read. */
  get length() {
    return this.#length;
  }

  /** Position of the next sample to be read; when there is none, the one after the last. */
  get position() {
    return this.#runs.length ? this.#runs[0].position : this.#end;
  }

  /** Position after the last sample written. */
  get end() {
    return this.#end;
  }

  /**
   * Append samples; those at positions already written are left out.
   * @param {number} position of the first sample
   * @param {Int16Array | Float32Array} samples 16 bit, or −1 … 1
   */
  write(position, samples) {
    const known = this.#runs.length || this.#end ? Math.max(0, this.#end - position) : 0;
    const count = samples.length - known;
    if (count <= 0) return;
    this.#reserve(count);
    const scale = samples instanceof Int16Array ? 1 / 32768 : 1;
    const size = this.#buffer.length;
    let at = (this.#head + this.#length) % size;
    for (let i = known; i < samples.length; i++) {
      this.#buffer[at] = samples[i] * scale;
      at = at + 1 === size ? 0 : at + 1;
    }
    this.#length += count;
    this.#extend(position + known, count);
  }

  /**
   * @param {Float32Array} out
   * @param {number} [count]
   * @returns {number} how many samples were there to read
   */
  read(out, count = out.length) {
    const taken = Math.min(count, this.#length);
    const size = this.#buffer.length;
    for (let i = 0; i < taken; i++) {
      out[i] = this.#buffer[this.#head];
      this.#head = this.#head + 1 === size ? 0 : this.#head + 1;
    }
    this.#length -= taken;
    this.#advance(taken);
    return taken;
  }

  /**
   * What would be read next; it stays to be read.
   * @param {Float32Array} out
   * @returns {number} how many samples were there
   */
  peek(out) {
    const count = Math.min(out.length, this.#length);
    const size = this.#buffer.length;
    for (let i = 0; i < count; i++) out[i] = this.#buffer[(this.#head + i) % size];
    return count;
  }

  /** Forget everything, positions included. */
  clear() {
    this.#head = this.#length = this.#end = 0;
    this.#runs.length = 0;
  }

  /**
   * @param {number} position
   * @param {number} count
   */
  #extend(position, count) {
    const last = this.#runs[this.#runs.length - 1];
    if (last && last.position + last.count === position) last.count += count;
    else this.#runs.push({ position, count });
    this.#end = position + count;
  }

  /** @param {number} count */
  #advance(count) {
    while (count > 0) {
      const run = this.#runs[0];
      const step = Math.min(count, run.count);
      run.position += step;
      run.count -= step;
      count -= step;
      if (run.count === 0) this.#runs.shift();
    }
  }

  /** @param {number} count */
  #reserve(count) {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const grown = new Float32Array(2 ** Math.ceil(Math.log2(needed)));
    const tail = Math.min(this.#length, this.#buffer.length - this.#head);
    grown.set(this.#buffer.subarray(this.#head, this.#head + tail));
    grown.set(this.#buffer.subarray(0, this.#length - tail), tail);
    this.#buffer = grown;
    this.#head = 0;
  }
}
