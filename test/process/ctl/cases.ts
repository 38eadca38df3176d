import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Plan, type SetUp, setUp } from '../../support/set-up.ts';

/** A line more in the daemon's section, whatever its form. */
export const inSection = (line: string) => (entry: string) => entry.replace(/^\[\w+:readinessd\]$/m, (head) => `${head}\n${line}`);

/** A set-up that is broken in one way, and what the doctor must say of it. */
export interface Case extends Plan {
  readonly title: string;
  /** Brings it about, and waits until it is so. */
  readonly until: (it: SetUp) => Promise<unknown>;
  readonly level?: 'WARNING';
  readonly about: string;
  readonly cause: RegExp;
  readonly cure: RegExp;
  /** In the environment of the doctor alone. */
  readonly environment?: NodeJS.ProcessEnv;
  /** A program, with its arguments, that runs the doctor. */
  readonly by?: readonly string[];
}

/** Each for real; a problem makes exit code 1, a warning alone does not. */
export function doctorNames(subject: string, cases: readonly Case[]): void {
  suite(`readinessctl doctor names cause and cure: ${subject}`, { concurrency: 8 }, () => {
    for (const { title, until, level = 'PROBLEM', about, cause, cure, environment, by, ...plan } of cases) {
      test(title, async (t) => {
        const it = await setUp(t, plan);
        await until(it);
        const { code, stdout, stderr } = await it.doctor(environment, by);
        assert.equal(stderr, '');
        assert.match(stdout, new RegExp(`^${level} +${about} +.*${cause.source}.*\\n +-> .*${cure.source}`, 'm'));
        assert.equal(code, level === 'PROBLEM' ? 1 : 0, stdout);
      });
    }
  });
}
