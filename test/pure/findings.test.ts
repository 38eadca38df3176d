import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { runCycle } from '../../daemon/cycle.ts';
import { describeStatus } from '../../daemon/http/status.ts';
import type { ExecutableEnd } from '../../daemon/process/end.ts';
import { hookPresence, judgeHook } from '../../daemon/steps/hook/judge.ts';
import { judgeStart, judgeTold, judgeUnsettled, supervisordIsStopping } from '../../daemon/steps/start/judge.ts';
import type { StartPrograms } from '../../daemon/steps/start/start-programs.ts';
import { failed, type StepResult } from '../../daemon/steps/step.ts';
import { processState } from '../../daemon/supervisor/states.ts';
import { createVerdictCache } from '../../daemon/verdict/verdict-cache.ts';
import { formatDuration } from '../../shared/duration.ts';
import { daemonWords } from '../../shared/findings/daemon.ts';
import { endpointWords } from '../../shared/findings/endpoint.ts';
import { executableWords } from '../../shared/findings/executable.ts';
import { type VerdictFinding, verdictWords, wordsOf } from '../../shared/findings/findings.ts';
import { programWords } from '../../shared/findings/programs.ts';
import { setUpWords } from '../../shared/findings/set-up.ts';
import { startWords } from '../../shared/findings/start.ts';
import { supervisordWords } from '../../shared/findings/supervisord.ts';
import { shellWord } from '../../shared/findings/words.ts';
import { configured, live } from '../support/fake-supervisor.ts';
import { samples, shellText } from '../support/finding-samples.ts';
import { assertStatus } from '../support/findings.ts';
import { historySeed } from '../support/long.ts';
import { programFailed, step } from '../support/steps.ts';

suite('words of findings', () => {
  for (const finding of samples) {
    test(`describe ${JSON.stringify(finding)}`, () => {
      const { message, cause, fix } = wordsOf(finding);
      assert.ok(fix.length > 0);
      for (const line of [message, ...(cause === undefined ? [] : [cause]), ...fix]) {
        assert.match(line, /\S/);
        assert.match(line, /^\P{Cc}+$/u, 'one line');
        assert.doesNotMatch(line, /undefined|\[object|NaN/);
      }
      // A setting is the same each time, but a measured duration is not.
      const settled = 'timeoutMs' in finding ? message.replace(formatDuration(finding.timeoutMs), '') : message;
      assert.doesNotMatch(settled, /\d ?(?:ms|s|m|min|h|d)\b|\d:\d\d|\d{4}-\d\d/, 'no time');
      assert.deepEqual(wordsOf(structuredClone(finding)), { message, fix, ...(cause === undefined ? {} : { cause }) });
    });
  }

  test('belong to one kind each', () => {
    const tables = [startWords, supervisordWords, programWords, executableWords, endpointWords, daemonWords];
    const kinds = tables.flatMap((table) => Object.keys(table));
    assert.deepEqual(Object.keys(verdictWords), kinds);
    assert.deepEqual([...new Set([...kinds, ...Object.keys(setUpWords)])], [...kinds, ...Object.keys(setUpWords)]);
  });

  test('are plain', () => {
    const directory = new URL('../../shared/findings/', import.meta.url);
    for (const name of readdirSync(directory)) {
      const text = readFileSync(new URL(name, directory), 'utf8');
      assert.doesNotMatch(text, /\b(?:mend|cure|anew|afresh)/i, name);
    }
  });
});

suite('commands of findings', () => {
  test('contain a fact only as one word of a shell, when blanks could split it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples), shellText, (sample, text) => {
        const fact = `<${text}>`;
        const facts = ['program', 'path', 'place', 'url'].filter((name) => name in sample).map((name) => [name, fact]);
        const { fix } = wordsOf({ ...sample, ...Object.fromEntries(facts) } as VerdictFinding);
        for (const line of fix) assert.ok(!line.replaceAll(shellWord(fact), '').includes(fact), line);
      }),
      { seed: historySeed },
    );
  });
});

const activity = { running: [], startPrograms: [], lastHour: { cycles: 0, changes: 0, overMs: 0 } };

suite('the finding in GET /status', () => {
  /** What GET /status says after a cycle of one step. */
  async function statusOf(result: StepResult): Promise<unknown> {
    const cache = createVerdictCache(() => 0);
    const { verdict, steps } = await runCycle([[step('start', [result])]], new AbortController().signal, () => 0, assert.fail);
    cache.publish({ startedAtMs: 0, endedAtMs: 0, verdict, steps, staleLimitMs: 1000, nextAtMs: 1000 });
    const status = describeStatus(cache.read(), { nextCycleInMs: 0, settings: {}, version: '', events: undefined, activity });
    return JSON.parse(JSON.stringify(status));
  }

  async function check(result: StepResult | undefined): Promise<void> {
    assert.equal(result?.outcome, 'failed');
    const status = await statusOf(result);
    assertStatus(status);
    assert.deepEqual([status.code, status.reason, status.message], [result.code, result.reason, result.message]);
    assert.deepEqual([status.finding, status.steps[0]?.finding], [result.finding, result.finding]);
  }

  test('is missing when a step passes or is skipped', async () => {
    for (const outcome of ['passed', 'skipped'] as const) assertStatus(await statusOf({ outcome, message: 'nothing to tell' }));
  });

  test('says all that a finding can contain', async () => {
    for (const finding of samples) await check(failed('InternalError', finding, 'output'));
  });

  test('says what the message says, when others fail too', () => check(programFailed({ kind: 'program-absent', name: 'web' }, 2)));

  test('says what the message says about start.sh', async () => {
    const none: StartPrograms = { live: [], notLive: [], unknown: [], missing: [] };
    for (const state of [...Object.values(processState), 7]) {
      for (const [exitstatus, by] of [
        [3, 'name'],
        [-1, 'command'],
      ] as const) {
        for (const spawnerr of ['', "can't find command", 'Exited too quickly (process log may have details)']) {
          await check(judgeStart({ ...none, live: [{ ...live('start', { state, exitstatus, spawnerr }), by }] }));
        }
      }
    }
    await check(judgeStart({ ...none, live: [{ ...live('start'), by: 'name', runsForEver: true }] }));
    for (const why of ['not loaded', 'another is live', 'ambiguous'] as const) {
      await check(judgeStart({ ...none, notLive: [{ ...configured('start', 'true', { group: 'x' }), why }] }));
    }
    await check(judgeStart({ ...none, missing: ['x:*'] }));
    await check(judgeStart({ ...none, unknown: [live('a')] }));
    await check(judgeUnsettled([live('a'), live('b')]));
    await check(judgeTold({ name: 'a', group: 'a', by: 'name' }, 'PROCESS_STATE_STARTING'));
    await check(supervisordIsStopping);
  });

  test('says what the message says about the hook', async () => {
    const output = 'out';
    for (const end of [
      { kind: 'not executable', why: { trouble: 'not-regular', is: 'socket' } },
      { kind: 'unsafe', why: { place: '/', writers: 'group', group: 7 } },
      { kind: 'not loadable', why: { trouble: 'missing', interpreter: '/bin/nosh' } },
      { kind: 'not started', errno: 'ENOMEM' },
      { kind: 'removed' },
      { kind: 'changes' },
      { kind: 'beside leftover' },
      { kind: 'timed out', isAlive: true },
      { kind: 'timed out', isAlive: false, output },
      { kind: 'killed', signal: 'SIGKILL', output },
      ...Array.from({ length: 255 }, (_, index) => ({ kind: 'exited', code: index + 1, output }) as const),
    ] as const satisfies ExecutableEnd[]) {
      await check(judgeHook(end, { path: '/hook', timeoutMs: 1500 }));
    }
    await check(hookPresence('/hook', true, () => '')(true));
    const presence = hookPresence('/hook', false, () => '');
    presence(false);
    await check(presence(true));
  });
});
