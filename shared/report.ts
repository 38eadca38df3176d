import type { Status } from './api.ts';
import { type VerdictFinding, verdictWords } from './findings/findings.ts';
import { setUpWords } from './findings/set-up.ts';
import { type FindingIn, type Words, wordsIn } from './findings/words.ts';
import type { Answer } from './reply.ts';

/** What doctor can find: all that a verdict can be about, and what is so of the set-up. */
export type Finding = VerdictFinding | FindingIn<typeof setUpWords>;

/** Where in the chain from the system to the probe. */
export type About = 'system' | 'supervisord' | 'daemon' | 'socket' | 'events' | 'start' | 'hook' | 'checks' | 'probe';

/**
 * How sure and how bad it is. `problem`: it keeps the container from being ready, or will, for certain. `waiting`: not ready yet, and
 * that may be as it should be. `warning`: it does no harm now.
 */
export type Level = 'problem' | 'waiting' | 'warning' | 'ok';

/** One thing that was found. */
export interface Found {
  readonly level: Level;
  readonly about: About;
  readonly finding: Finding;
  /** Of the declared check that found it. */
  readonly check?: string;
  /** It may well be a consequence of the last one before it that is none. */
  readonly follows?: true;
}

/** What a program of supervisord's does now, and what it said last. */
export interface Sight {
  readonly about: 'start' | 'daemon' | 'program';
  /** As supervisorctl names it. */
  readonly program: string;
  /** supervisord's name of it. */
  readonly state: string;
  /** Since when, milliseconds by supervisord's own clock; undefined where it tells nothing. */
  readonly sinceMs?: number;
  readonly pid?: number;
  /** As far as supervisord's log goes back. */
  readonly restarts?: number;
  /** In EXITED; -1 after a signal. */
  readonly exitStatus?: number;
  readonly command?: string;
  /** What it printed last, by stream, or where that went; none of a program that nothing is wrong with. */
  readonly output: readonly { readonly stream: 'stdout' | 'stderr'; readonly lines: readonly string[]; readonly place: string }[];
  /** What supervisord's own log says of it last. */
  readonly log: readonly string[];
}

/** All that doctor gives. */
export interface Report {
  readonly found: readonly Found[];
  readonly sights: readonly Sight[];
}

/** What it is asked with. */
export interface Examination {
  readonly socketPath: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The tree's usr/lib/readinessd. */
  readonly library: string;
  /** What the daemon answered at the socket, or what a probe would say instead. */
  readonly answered: { readonly status: Status } | { readonly answer: Answer };
}

/** What the bundle doctor.cjs exports. */
export type Examine = (examination: Examination) => Promise<Report>;

const allWords = { ...verdictWords, ...setUpWords };

/** What people are told of a finding. */
export function wordsOfFound(finding: Finding): Words {
  return wordsIn(allWords, finding);
}
