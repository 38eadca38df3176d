import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type ExecutableEnd, judgeRun } from '../../daemon/process/end.ts';
import { hookPresence, judgeHook } from '../../daemon/steps/hook/judge.ts';
import type { StepResult } from '../../daemon/steps/step.ts';

/** The result as the first line of a probe has it, followed by the output. */
function say(result: StepResult | undefined): string {
  if (result === undefined) return 'undecided';
  const { outcome, message, detail } = result;
  const verdict = result.outcome === 'failed' ? `${result.code} ${result.reason}` : outcome;
  return `${verdict}: ${message}${detail === undefined ? '' : ` | ${detail}`}`;
}

function judge(end: ExecutableEnd, timeoutMs = 10_000): string {
  return say(judgeHook(end, { path: '/hook', timeoutMs }));
}

suite('verdict on the hook', () => {
  const output = 'bgp: 3 of 4';
  const exited = (code: number): ExecutableEnd => ({ kind: 'exited', code, output });
  const reserved = "which is readinessd's own: use 1, 3-99 or 126-255";

  for (const [end, expected] of [
    [exited(0), 'passed: hook exited with code 0 | bgp: 3 of 4'],
    [exited(1), '1 HookCrashed: hook exited with code 1 | bgp: 3 of 4'],
    [exited(2), `125 HookReservedCode: hook exited with code 2, ${reserved} | bgp: 3 of 4`],
    [exited(3), '3 HookFailed: hook exited with code 3 | bgp: 3 of 4'],
    [exited(99), '99 HookFailed: hook exited with code 99 | bgp: 3 of 4'],
    [exited(100), `125 HookReservedCode: hook exited with code 100, ${reserved} | bgp: 3 of 4`],
    [exited(125), `125 HookReservedCode: hook exited with code 125, ${reserved} | bgp: 3 of 4`],
    [exited(126), '126 HookFailed: hook exited with code 126 | bgp: 3 of 4'],
    [exited(255), '255 HookFailed: hook exited with code 255 | bgp: 3 of 4'],
    [{ kind: 'killed', signal: 'SIGSEGV', output }, '124 HookKilled: hook was killed by SIGSEGV | bgp: 3 of 4'],
    [
      { kind: 'timed out', isAlive: false, output },
      '122 HookTimeout: hook ran longer than its timeout of 10s and was killed | bgp: 3 of 4',
    ],
    [
      { kind: 'timed out', isAlive: true, output },
      '122 HookTimeout: hook ran longer than its timeout of 10s and could not be killed | bgp: 3 of 4',
    ],
    [{ kind: 'not started', errno: 'ENOMEM' }, '123 HookSpawnFailed: hook /hook cannot be started: there is not enough memory'],
    [{ kind: 'not started', errno: 'EIO' }, '123 HookSpawnFailed: hook /hook cannot be started: the system says EIO'],
  ] as const) {
    test(expected, () => assert.equal(judge(end), expected));
  }

  test('passes for no code but 0, and never uses a code of the daemon', () => {
    for (let code = 1; code <= 255; code++) {
      const result = judgeHook(exited(code), { path: '/hook', timeoutMs: 1 });
      assert.equal(result.outcome, 'failed');
      assert.equal(result.outcome === 'failed' && result.code, code === 2 || (code >= 100 && code <= 125) ? 125 : code);
    }
  });

  test('is a timeout while a hook lives that could not be killed, and shows no output of it', () => {
    assert.equal(
      judge({ kind: 'timed out', isAlive: true }, 300),
      '122 HookTimeout: hook ran longer than its timeout of 300ms and could not be killed',
    );
  });
});

suite("verdict on the hook's file", () => {
  for (const [found, expected] of [
    [{ kind: 'absent' }, 'skipped: there is no hook /hook'],
    [
      { kind: 'not executable', why: { trouble: 'not-regular', is: 'socket' } },
      '120 HookNotExecutable: hook /hook is a socket, not a regular file',
    ],
    [
      { kind: 'not executable', why: { trouble: 'no-x' } },
      '120 HookNotExecutable: hook /hook is not executable: "chmod 0755" makes it so, or remove it if there is to be no hook',
    ],
    [
      { kind: 'unsafe', why: { place: '/', owner: 7 } },
      '121 HookUnsafe: hook /hook was not run, since it would run as root and / belongs to user 7, not to root; fix that, or set READINESSD_HOOK_SAFETY_CHECK=off',
    ],
    [{ kind: 'not loadable', why: { trouble: 'empty' } }, '123 HookSpawnFailed: hook /hook cannot be started: it is empty'],
  ] as readonly [ExecutableEnd, string][]) {
    test(`${found.kind}: ${expected}`, () => assert.equal(judge(found), expected));
  }

  test('is bad when the hook should be there and is not', () => {
    const presence = hookPresence('/hook', true, () => '');
    assert.equal(presence(false), undefined);
    assert.equal(
      say(presence(true)),
      '120 HookNotExecutable: hook /hook is not there, though READINESSD_HOOK names it: put it there, or set READINESSD_HOOK=none',
    );
  });

  test('is bad when the hook was there after the last run of start.sh, and is gone', () => {
    let startRun = 'first';
    const presence = hookPresence('/hook', false, () => startRun);
    const gone =
      '120 HookNotExecutable: hook /hook was there and is gone: put it back, or "supervisorctl restart readinessd" if there is to be none';
    assert.equal(say(presence(true)), 'undecided');
    assert.equal(say(presence(false)), 'undecided');
    assert.equal(say(presence(true)), gone);
    assert.equal(say(presence(true)), gone);
    startRun = 'second';
    assert.equal(say(presence(true)), 'undecided');
    assert.equal(say(presence(false)), 'undecided');
    assert.equal(say(presence(true)), gone);
  });

  test('is a timeout while the hook of an earlier daemon may still run', () => {
    assert.equal(
      judge({ kind: 'beside leftover' }),
      '122 HookTimeout: the hook that an earlier readinessd started may still run, and none is started beside it',
    );
  });

  test('counts a result, good or bad, only when the same file is there after the run', () => {
    const sayRun = (...run: Parameters<typeof judgeRun>) => {
      const end = judgeRun(...run);
      return end && judge(end);
    };
    for (const end of [
      { kind: 'exited', code: 0, output: '' },
      { kind: 'killed', signal: 'SIGTERM', output: '' },
      { kind: 'absent' },
    ] as readonly ExecutableEnd[]) {
      for (const run of [1, 2]) assert.equal(judgeRun(end, run, 'a', 'a'), end);
      // There was no hook before the look and none after it.
      assert.equal(judgeRun(end, 1, '', ''), end);
      assert.equal(judgeRun(end, 1, 'a', 'b'), undefined);
      assert.equal(judgeRun(end, 1, '', 'b'), undefined);
      for (const run of [2, 3]) {
        assert.equal(sayRun(end, run, 'a', 'b'), '123 HookSpawnFailed: hook /hook changes while it runs, so its result does not count');
      }
      for (const run of [1, 2]) {
        assert.equal(sayRun(end, run, 'a', ''), '123 HookSpawnFailed: hook /hook was removed while it ran, so its result does not count');
      }
    }
  });
});
