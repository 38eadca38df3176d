/** Mutants that no test can tell from the original, and the reason: nothing observable differs. */
interface Equivalents {
  readonly file: string;
  readonly why: string;
  /** The lines before and after the change, without indentation. */
  readonly mutants: readonly (readonly [from: string, to: string])[];
}

export const equivalents: readonly Equivalents[] = [
  {
    file: 'daemon/verdict/verdict.ts',
    why: 'no step took less than no time, so a negative factor earns no more rest than none: the period is longer',
    mutants: [
      [
        'const earned = steps.map(({ name, durationMs }) => durationMs * (restFactors.get(name) ?? 0));',
        'const earned = steps.map(({ name, durationMs }) => durationMs * (restFactors.get(name) ?? -1));',
      ],
    ],
  },
  {
    file: 'daemon/loop.ts',
    why: 'Node takes a time below 1 ms for 1 ms; that newer ones complain of a negative one is why it is cut at 0',
    mutants: [
      [
        'this.#timer = setTimeout(atMs < this.#restedAtMs ? lookMeanwhile : begin, Math.max(0, atMs - now()));',
        'this.#timer = setTimeout(atMs < this.#restedAtMs ? lookMeanwhile : begin, Math.max(1, atMs - now()));',
      ],
      [
        'this.#timer = setTimeout(atMs < this.#restedAtMs ? lookMeanwhile : begin, Math.max(0, atMs - now()));',
        'this.#timer = setTimeout(atMs < this.#restedAtMs ? lookMeanwhile : begin, Math.max(-1, atMs - now()));',
      ],
    ],
  },
  {
    file: 'daemon/loop.ts',
    why: 'all callers of a cycle are answered in the same turn, whoever asked first',
    mutants: [
      [
        'return new Promise((resolve, reject) => this.#callers.push({ resolve, reject }));',
        'return new Promise((resolve, reject) => this.#callers.unshift({ resolve, reject }));',
      ],
    ],
  },
];
