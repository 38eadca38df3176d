import { daemonWords } from './daemon.ts';
import { endpointWords } from './endpoint.ts';
import { executableWords } from './executable.ts';
import { programWords } from './programs.ts';
import { startWords } from './start.ts';
import { supervisordWords } from './supervisord.ts';
import { type FindingIn, type Words, wordsIn } from './words.ts';

/** All that a verdict can be about. */
export const verdictWords = { ...startWords, ...supervisordWords, ...programWords, ...executableWords, ...endpointWords, ...daemonWords };

/** What a check found, as data. */
export type VerdictFinding = FindingIn<typeof verdictWords>;

/** What people are told of it. */
export function wordsOf(finding: VerdictFinding): Words {
  return wordsIn(verdictWords, finding);
}
