import { daemonWords } from './daemon.ts';
import { endpointWords } from './endpoint.ts';
import { executableWords } from './executable.ts';
import { programWords } from './programs.ts';
import { startWords } from './start.ts';
import { supervisordWords } from './supervisord.ts';
import { type FindingIn, type Words, wordsIn } from './words.ts';

/** Everything that a verdict can be about. */
export const verdictWords = { ...startWords, ...supervisordWords, ...programWords, ...executableWords, ...endpointWords, ...daemonWords };

/** What a step found to be wrong, as data. */
export type VerdictFinding = FindingIn<typeof verdictWords>;

/** Kinds that, as far as anybody knows, only take time. All others need somebody to do something. */
const passingKinds: readonly VerdictFinding['kind'][] = [
  'start-running',
  'start-stopping',
  'start-just-ended',
  'start-not-started',
  'start-hook-rests',
  'programs-change',
  'programs-hook-rests',
  'program-not-settled',
  'program-just-ended',
  'supervisord-stopping',
  'first-cycle-runs',
];

export function isPassing({ kind }: { readonly kind: string }): boolean {
  return passingKinds.some((one) => one === kind);
}

/** The words for a finding of a verdict. */
export function wordsOf(finding: VerdictFinding): Words {
  return wordsIn(verdictWords, finding);
}
