/** Mutants that no test can tell from the original, and why: nothing that can be observed differs. */
interface Equivalents {
  readonly file: string;
  readonly why: string;
  /** The lines before and after the change, without indentation. */
  readonly mutants: readonly (readonly [from: string, to: string])[];
}

export const equivalents: readonly Equivalents[] = [];
