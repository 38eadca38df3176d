import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultHookPath } from '../../daemon/settings/definitions.ts';
import type { Form } from '../support/form.ts';
import { cleanUp, patienceMs, scratchDirectory, until, writeScript } from '../support/scratch.ts';
import { goodStart, setUp } from '../support/set-up.ts';
import type { Bench } from './setup.ts';

/** The name of a form in the tables. */
export const wordOf: Readonly<Record<Form, string>> = { events: 'events', poll: 'polling' };

/** The time between two questions for the verdict. */
const askPeriodMs = 2;

/** The clock that is also Python's time.monotonic(). */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** A service of many processes, which stop at once, and one that stops only when told, as slow services do. */
const services = (slow: string) => `[program:service]
command=sleep 1000000
process_name=%(program_name)s%(process_num)d
numprocs=18
[program:slow]
command=${slow}
stopwaitsecs=100
`;

/** The usual periods, or short ones that show in seconds that everything works. */
export const periodsOf = ({ isQuick }: Bench) => (isQuick ? { readyMs: 200, notReadyMs: 100 } : { readyMs: 10_000, notReadyMs: 1000 });

/**
 * The shipped daemon in one of its forms, under a separate supervisord with 20 programs: a start.sh that ends
 * when told, and services. Nobody else asks this supervisord anything, because it would then notice an exit
 * sooner.
 */
export async function startForm(bench: Bench, form: Form, hook?: (path: string) => void, periods = periodsOf(bench)) {
  const directory = scratchDirectory(bench);
  const at = (name: string) => join(directory, name);
  execFileSync('mkfifo', [at('gate'), at('slow-gate')]);
  const start = writeScript(at('start.sh'), `read -r code <${at('gate')}; exit "$code"`);
  const slow = writeScript(at('slow'), `trap '' TERM; read -r code <${at('slow-gate')}`);
  /** @param variant - makes supervisord see a change of the section */
  const putStart = (variant = '') => writeFileSync(at('start.conf'), goodStart.replace('command=true', `command=${start} ${variant}`));
  putStart();
  writeFileSync(at('told'), '');
  const made = await setUp(bench, {
    form,
    ...(hook === undefined ? {} : { hook }),
    settings: {
      READINESSD_PERIOD_READY: `${periods.readyMs}ms`,
      READINESSD_PERIOD_NOT_READY: `${periods.notReadyMs}ms`,
      READINESSD_RPC_TIMEOUT: '2s',
      ...(hook === undefined ? { READINESSD_HOOK: defaultHookPath } : {}),
    },
    // The log then counts calls and events.
    programs: `${services(slow)}
[eventlistener:eventtimes]
command=python3 ${join(import.meta.dirname, 'event-times.py')} ${at('told')}
events=PROCESS_STATE_EXITED,SUPERVISOR_STATE_CHANGE_STOPPING
[include]
files=${at('start.conf')}
[supervisord]
loglevel=trace
`,
  });
  /** Ends the slow service, which delays the end of supervisord. */
  const letStop = () => until('the slow service can be told to end', () => passGate(at('slow-gate'), '0'));
  cleanUp(bench, () => passGate(at('slow-gate'), '0'));
  return {
    ...made,
    letStop,
    async stop(): Promise<void> {
      await letStop();
      await made.supervisord.stop();
    },
    putStart,
    removeStart: () => writeFileSync(at('start.conf'), ''),
    /** Ends start.sh once it is there, and returns the time. */
    async endStart(code: number): Promise<number> {
      return until('start.sh can be told to end', () => passGate(at('gate'), String(code)));
    },
    /** The time when supervisord first told of it after a given time. */
    async toldAfter(sinceMs: number, what: keyof typeof toldOf): Promise<number> {
      return until(`supervisord tells of the ${what}`, () => toldTimes(at('told'), toldOf[what]).find((atMs) => atMs > sinceMs));
    },
    /** Waits for a verdict that matches, and returns the time. The verdict of a missing daemon is ''. */
    async firstSaying(pattern: RegExp): Promise<number> {
      const endAtMs = nowMs() + patienceMs;
      for (let last = ''; nowMs() < endAtMs; await sleep(askPeriodMs)) {
        last = await made.body();
        if (pattern.test(last)) return nowMs();
      }
      throw new Error(`waited in vain until the verdict is ${pattern}`);
    },
    /** Waits for a random time within the daemon's period and supervisord's second. */
    async anyTime(verdict: 'ready' | 'not ready'): Promise<void> {
      await sleep(Math.random() * (verdict === 'ready' ? periods.readyMs : periods.notReadyMs));
    },
  };
}

/** Header and payload of supervisord's events. */
const toldOf = { exit: / eventname:PROCESS_STATE_EXITED .*processname:start /, stop: / eventname:SUPERVISOR_STATE_CHANGE_STOPPING / };

export type StartedForm = Awaited<ReturnType<typeof startForm>>;

/** @returns the time when it was told, or undefined when nobody waits at the gate */
function passGate(gate: string, word: string): number | undefined {
  const passedAtMs = nowMs();
  let file: number | undefined;
  try {
    file = openSync(gate, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(file, `${word}\n`);
    return passedAtMs;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function toldTimes(path: string, event: RegExp): number[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => event.test(line)).map(Number.parseFloat);
}
