import { setTimeout as sleep } from 'node:timers/promises';
import type { Form } from '../support/form.ts';
import { writeScript } from '../support/scratch.ts';
import { TestSupervisord } from '../support/supervisord.ts';
import { startCycleFloor, startMemoryFloor } from './floors.ts';
import { startForm } from './form.ts';
import { type Bench, pidOf, programs, trivialHook } from './setup.ts';

/** Starts what is measured at rest, side by side: the daemon in its forms, and its floors. */

/** As many processes as startForm's supervisord has, so that the answers are as long. */
const processes = 22;

/** Two that start at the same time would wake at the same time for as long as they run. */
const spreadMs = 2000;

const anyMoment = () => sleep(Math.random() * spreadMs);

/** Returns each process id, and for the daemons without a hook what supervisord did for them. */
export async function startAllAtRest(bench: Bench) {
  const [asked, alone] = await Promise.all([
    TestSupervisord.start(bench, programs(processes)),
    TestSupervisord.start(bench, programs(processes)),
  ]);
  const hook = trivialHook(bench);
  const floor = async (methods: readonly string[], itsHook = '') => {
    await anyMoment();
    return startCycleFloor(bench, asked, methods, itsHook);
  };
  const calls = ['getAllProcessInfo', 'getAllConfigInfo'];
  const [hookEvents, hookPoll, events, poll, timer, oneCall, sameCalls, callAndHook, bareNode] = await Promise.all([
    startDaemonAtRest(bench, 'events', (path) => void writeScript(path, 'exit 0')),
    startDaemonAtRest(bench, 'poll', (path) => void writeScript(path, 'exit 0')),
    startDaemonAtRest(bench, 'events'),
    startDaemonAtRest(bench, 'poll'),
    floor([]),
    floor(calls.slice(0, 1)),
    floor(calls),
    floor(calls.slice(0, 1), hook),
    anyMoment().then(() => startMemoryFloor(bench)),
  ]);
  return {
    pids: {
      hookEvents: hookEvents.pid,
      hookPoll: hookPoll.pid,
      events: events.pid,
      poll: poll.pid,
      timer,
      oneCall,
      sameCalls,
      callAndHook,
      bareNode,
      supervisordOfEvents: pidOf(events.supervisord),
      supervisordOfPoll: pidOf(poll.supervisord),
      /** Nobody asks this supervisord anything. */
      supervisordAlone: pidOf(alone),
    },
    /** Calls and events so far, as supervisord's own log counts them. */
    told: { events: () => toldBy(events.supervisord), poll: () => toldBy(poll.supervisord) },
  };
}

export type AtRest = Awaited<ReturnType<typeof startAllAtRest>>;

async function startDaemonAtRest(bench: Bench, form: Form, hook?: (path: string) => void) {
  await anyMoment();
  const { endStart, firstSaying, status, supervisord } = await startForm(bench, form, hook);
  await endStart(0);
  await firstSaying(/^0 /);
  return { pid: (await status()).pid, supervisord };
}

function toldBy(supervisord: TestSupervisord) {
  const log = supervisord.log();
  const count = (pattern: RegExp) => log.match(pattern)?.length ?? 0;
  return { calls: count(/XML-RPC method called/g), events: count(/event \d+ sent to listener readinessd/g) };
}
