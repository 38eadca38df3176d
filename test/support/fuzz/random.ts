/** Bytes that parsers tend to fail on, one character per byte. */
const hostile = ['\0', '\t', '\n', '\r', '\r\n', ' ', '0', '9', ':', '<', '>', '&', '"', '\x1b', '\x7f', '\x80', '\x85', '\xa0', '\xff'];

/** Choices for a fuzz test. The same seed and index give the same choices (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number, index: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
    // Neighbouring indexes begin in similar states. A few rounds separate them.
    for (let round = 0; round < 3; round++) this.int(2);
  }

  /** A whole number from 0 to below the given one. */
  int(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  /** True in one of this many cases. */
  oneIn(cases: number): boolean {
    return this.int(cases) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T;
  }

  /** At most this many items. */
  list<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.int(most + 1) }, make);
  }

  /** A text of bytes, one character each (latin1). */
  bytes(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.int(256))).join('');
  }

  /** Splits the text into pieces of any length, none of them empty. */
  pieces(text: string): string[] {
    const cuts = this.list(this.oneIn(8) ? 40 : 4, () => this.int(text.length + 1)).sort((a, b) => a - b);
    return [0, ...cuts].map((from, index) => text.slice(from, cuts[index])).filter((piece) => piece !== '');
  }

  /**
   * Changes the text one to three times: cuts, flips, deletes, doubles, moves or inserts.
   *
   * @param fragments - what it may insert, besides single hostile characters
   */
  mutate(text: string, fragments: readonly string[]): string {
    let mutated = text;
    for (let left = 1 + this.int(3); left > 0; left--) mutated = this.#mutateOnce(mutated, fragments);
    return mutated;
  }

  #mutateOnce(text: string, fragments: readonly string[]): string {
    const from = this.int(text.length + 1);
    const to = Math.min(text.length, from + this.int(this.oneIn(4) ? text.length + 1 : 6));
    const [before, part, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
    switch (this.int(8)) {
      case 0:
        return before;
      case 1:
        return before + after;
      case 2:
        return before + part + part + after;
      case 3:
        return before + after.slice(0, this.int(40)) + part + after;
      case 4:
        return before + String.fromCharCode((text.charCodeAt(from) || 0) ^ (1 << this.int(8))) + text.slice(from + 1);
      case 5:
        return before + this.pick(hostile) + text.slice(from + 1);
      case 6:
        return before + this.pick(hostile) + part + after;
      default:
        return before + this.pick(fragments) + (this.oneIn(2) ? part : '') + after;
    }
  }
}
