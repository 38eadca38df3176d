import { split } from 'shlex';
import { type ExecutableEnd, findingOf, outputOf } from '../../process/end.ts';
import { createExecutable } from '../../process/executable.ts';
import type { StepResult } from '../step.ts';
import type { CheckContext, Kind } from './kind.ts';
import { readFields, textField } from './value.ts';

const fields = {
  command: textField(
    'an executable by its absolute path, and its arguments; no shell takes part',
    '/usr/local/bin/check-bgp --all',
    readCommand,
  ),
};

/** Keys that Pebble's exec has, but this one does not. */
const refused = {
  environment: 'it gets what the daemon has; "/usr/bin/env NAME=VALUE COMMAND" adds to that',
  user: 'it runs as the daemon does; "/usr/bin/setpriv --reuid USER ... COMMAND" changes that',
  group: 'it runs as the daemon does; "/usr/bin/setpriv --regid GROUP ... COMMAND" changes that',
  'working-dir': 'it runs in /; "/usr/bin/env -C DIRECTORY COMMAND" changes that',
} as const;

/** Passes when a command, run like the hook, exits with code 0. */
export const exec: Kind = {
  what: 'a command exits with code 0; it is run as the hook is, two at a time',
  example: '{ command: /usr/local/bin/check-bgp --all }',
  reason: 'CheckFailed',
  defaultTimeoutMs: 10_000,
  fields,
  beside: {},
  runsCommand: true,

  read(value) {
    const { command } = readFields(value, fields, {
      ...refused,
      'user-id': refused.user,
      'group-id': refused.group,
      'service-context': refused.environment,
    });
    const [path, ...args] = command ?? value.fail('needs a command');
    return {
      display: `exec ${[path, ...args].join(' ')}`,
      create(context) {
        const run = createExecutable({ path, args, ...context });
        return (signal) =>
          context.runner(async (notePath) => {
            // It was aborted while it waited for its turn: do not start what would be ended at
            // once.
            if (signal.aborted) return context.fail({ kind: 'stopping' });
            const beganAtMs = performance.now();
            const result = judge(path, await run(signal, notePath), context);
            return { ...result, tookMs: performance.now() - beganAtMs };
          });
      },
    };
  },
};

function readCommand(text: string): readonly [string, ...string[]] {
  if (text.includes('\0')) throw new Error('must not hold a NUL character');
  const [path, ...args] = splitWords(text);
  if (!path?.startsWith('/'))
    throw new Error('must begin with the absolute path of an executable: no PATH is searched, and no shell takes part');
  return [path, ...args];
}

function splitWords(text: string): string[] {
  try {
    return split(text);
  } catch {
    throw new Error('must be words as a shell splits them: a quotation does not end');
  }
}

function judge(path: string, end: ExecutableEnd, { timeoutMs, fail }: CheckContext): StepResult {
  const detail = outputOf(end);
  const finding =
    end.kind === 'absent' ? ({ kind: 'command-not-there', path } as const) : findingOf(end, { path, isHook: false, timeoutMs });
  return finding === undefined ? { outcome: 'passed', message: `${path} exited with code 0`, detail } : fail(finding, { detail });
}
