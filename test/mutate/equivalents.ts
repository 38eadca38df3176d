/** Mutants that no test can tell from the original, and why: nothing that can be observed differs. */
interface Equivalents {
  readonly file: string;
  readonly why: string;
  /** The lines before and after the change, without indentation. */
  readonly mutants: readonly (readonly [from: string, to: string])[];
}

export const equivalents: readonly Equivalents[] = [
  {
    file: 'daemon/verdict.ts',
    why: 'no step took less than no time, so a negative factor earns no more rest than none: the period is longer',
    mutants: [
      [
        'const earned = cycle.steps.map(({ name, durationMs }) => durationMs * (rules.restFactors.get(name) ?? 0));',
        'const earned = cycle.steps.map(({ name, durationMs }) => durationMs * (rules.restFactors.get(name) ?? -1));',
      ],
    ],
  },
];
