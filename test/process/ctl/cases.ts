import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Plan, type SetUp, setUp } from '../../support/set-up.ts';

/** Adds a line to the daemon's section, whatever its form. */
export const inSection = (line: string) => (entry: string) => entry.replace(/^\[\w+:readinessd\]$/m, (head) => `${head}\n${line}`);

/** A set-up that is broken in one way, and what doctor must say about it. */
export interface Case extends Plan {
  readonly title: string;
  /** Breaks it, and waits until it is broken. */
  readonly until: (it: SetUp) => Promise<unknown>;
  readonly level?: Level;
  readonly about: string;
  readonly cause: RegExp;
  readonly cure: RegExp;
  /** What doctor says follows from it. */
  readonly consequence?: RegExp;
  /** How many other problems there are that do not follow from it. */
  readonly besides?: number;
  /** In the environment of doctor only. */
  readonly environment?: NodeJS.ProcessEnv;
  /** A program, with its arguments, that runs doctor. */
  readonly by?: readonly string[];
}

export type Level = 'PROBLEM' | 'WAITING' | 'WARNING';

/** Asserts that doctor's text has a finding with its fix, and does not show it as a consequence of another. */
export function assertTold(
  stdout: string,
  { level, about, cause, cure }: { level: Level; about: string; cause: RegExp; cure: RegExp },
): void {
  const [found] = stdout
    .split('\n\n')
    .filter((block) => new RegExp(`^${level} +${about}(?:, the likely root cause)?: .*${cause.source}`).test(block));
  assert.ok(found !== undefined, `no ${level} on ${about} with ${cause}:\n${stdout}`);
  assert.match(found, new RegExp(`\n +fix +[\\s\\S]*${cure.source}`));
}

/** Runs each case for real. A problem makes exit code 1, a warning alone does not. */
export function doctorNames(subject: string, cases: readonly Case[]): void {
  suite(`readinessctl doctor names cause and fix: ${subject}`, { concurrency: 8 }, () => {
    for (const { title, until, level = 'PROBLEM', about, cause, cure, consequence, besides = 0, environment, by, ...plan } of cases) {
      test(title, async (t) => {
        const it = await setUp(t, plan);
        await until(it);
        const { code, stdout, stderr } = await it.doctor(environment, by);
        assert.equal(stderr, '');
        assertTold(stdout, { level, about, cause, cure });
        if (consequence !== undefined) assert.match(stdout, new RegExp(`^ {4}PROBLEM +\\w+, which follows: .*${consequence.source}`, 'm'));
        // doctor reports nothing else as a problem.
        const problems = stdout.split('\n').filter((line) => line.startsWith('PROBLEM')).length;
        assert.equal(problems, (level === 'PROBLEM' ? 1 : 0) + besides, stdout);
        assert.equal(code, problems > 0 ? 1 : stdout.startsWith('READY') ? 0 : 2, stdout);
      });
    }
  });
}
