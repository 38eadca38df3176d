import type { Status } from './api.ts';
import { type VerdictFinding, verdictWords } from './findings/findings.ts';
import { setUpWords } from './findings/set-up.ts';
import { type FindingIn, type Words, wordsIn } from './findings/words.ts';
import type { Answer } from './reply.ts';

/** What doctor can find: everything that a verdict can be about, and facts about the set-up. */
export type Finding = VerdictFinding | FindingIn<typeof setUpWords>;

/** A link of the chain from the system to the probe. */
export type About = 'system' | 'supervisord' | 'daemon' | 'socket' | 'events' | 'start' | 'hook' | 'checks' | 'probe';

/**
 * How certain and how bad it is. `problem`: it certainly keeps, or will keep, the container from
 * being ready. `waiting`: not ready yet, but that may be normal. `warning`: it does no harm now.
 */
export type Level = 'problem' | 'waiting' | 'warning' | 'ok';

/** One thing that doctor has found. */
export interface Found {
  readonly level: Level;
  readonly about: About;
  readonly finding: Finding;
  /** The declared check that found it. */
  readonly check?: string;
  /** Probably a consequence of the nearest finding before it that is not marked so. */
  readonly follows?: true;
}

/** What a program of supervisord does now, and what it printed last. */
export interface Sight {
  readonly about: 'start' | 'daemon' | 'program';
  /** As supervisorctl names it. */
  readonly program: string;
  /** supervisord's name for it. */
  readonly state: string;
  /**
   * How long it has been in this state, milliseconds by supervisord's own clock; undefined where
   * supervisord does not say.
   */
  readonly sinceMs?: number;
  readonly pid?: number;
  /** As far back as supervisord's log goes. */
  readonly restarts?: number;
  /** In EXITED; -1 after a signal. */
  readonly exitStatus?: number;
  readonly command?: string;
  /** What it printed last on each stream, or where that output went. Empty for a program without a problem. */
  readonly output: readonly { readonly stream: 'stdout' | 'stderr'; readonly lines: readonly string[]; readonly place: string }[];
  /** The last lines about it in supervisord's own log. */
  readonly log: readonly string[];
}

/** Everything that doctor returns. */
export interface Report {
  readonly found: readonly Found[];
  readonly sights: readonly Sight[];
}

/** What doctor gets. */
export interface Examination {
  readonly socketPath: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The tree's usr/lib/readinessd. */
  readonly library: string;
  /** The daemon's answer at the socket, or what a probe would say instead. */
  readonly answered: { readonly status: Status } | { readonly answer: Answer };
}

/** What the bundle doctor.cjs exports. */
export type Examine = (examination: Examination) => Promise<Report>;

const allWords = { ...verdictWords, ...setUpWords };

/** The words for a finding. */
export function wordsOfFound(finding: Finding): Words {
  return wordsIn(allWords, finding);
}
