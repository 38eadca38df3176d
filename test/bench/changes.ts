import { once } from 'node:events';
import type { Form } from '../support/form.ts';
import { replaceScript, writeScript } from '../support/scratch.ts';
import { nowMs, type StartedForm, startForm } from './form.ts';
import type { Note } from './goals.ts';
import type { Bench } from './setup.ts';

const notReady = /^(?!0 )/;

/** start.sh ends well, runs again, and fails. */
export async function measureRuns(started: StartedForm, rounds: number, form: Form, note: Note): Promise<void> {
  /** Ends a running start.sh, and notes when it ended, when that was reported, and when the verdict showed it. */
  const end = async (code: number, pattern: RegExp) => {
    await started.firstSaying(/^2 /);
    await started.anyTime('not ready');
    const endedAtMs = await started.endStart(code);
    const seenAtMs = await started.firstSaying(pattern);
    return { endedAtMs, seenAtMs, toldAtMs: await started.toldAfter(endedAtMs, 'exit') };
  };
  for (let round = 0; round < rounds; round++) {
    const good = await end(0, /^0 /);
    note('start.sh exits 0, to the first 0', good.seenAtMs - good.endedAtMs);
    note("start.sh exits, to supervisord's event", good.toldAtMs - good.endedAtMs);

    await started.anyTime('ready');
    note('start.sh is run again by RPC, to the first that is not 0', await runAgain(started, notReady));

    const bad = await end(1, /^112 /);
    note('start.sh exits 1, to the first 112', bad.seenAtMs - bad.endedAtMs);
    // Who polls may know it before the event. Only for the receiver of the event is that the beginning.
    if (form === 'events') {
      note("supervisord's event of it, to the first 0", good.seenAtMs - good.toldAtMs);
      note("supervisord's event of it, to the first 112", bad.seenAtMs - bad.toldAtMs);
    }
    await runAgain(started, /^2 /);
  }
  await started.endStart(0);
  await started.firstSaying(/^0 /);
}

function runAgain(started: StartedForm, pattern: RegExp): Promise<number> {
  return timed(started, pattern, () => started.supervisord.call('startProcess', 'start'));
}

/** The time from the first of some calls to the first verdict that matches. */
async function timed(started: StartedForm, pattern: RegExp, act: () => Promise<unknown>): Promise<number> {
  const begunAtMs = nowMs();
  const [seenAtMs] = await Promise.all([started.firstSaying(pattern), act()]);
  return seenAtMs - begunAtMs;
}

/** The calls that `supervisorctl update` makes. */
export async function measureUpdates(started: StartedForm, rounds: number, note: Note): Promise<void> {
  const update =
    (...methods: readonly string[]) =>
    async () => {
      await started.supervisord.call('reloadConfig');
      for (const method of methods) await started.supervisord.call(method, 'start');
    };
  const [remove, add] = [['stopProcessGroup', 'removeProcessGroup'], ['addProcessGroup']] as const;
  for (let round = 0; round < rounds; round++) {
    started.removeStart();
    await update(...remove)();
    await started.firstSaying(/^0 /);

    await started.anyTime('ready');
    started.putStart();
    note('update adds start.sh, to the first that is not 0', await timed(started, notReady, update(...add)));
    await started.endStart(0);
    await started.firstSaying(/^0 /);

    await started.anyTime('ready');
    started.putStart('changed');
    note('update changes start.sh, to the first that is not 0', await timed(started, notReady, update(...remove, ...add)));
    await started.endStart(1);
    await started.firstSaying(/^112 /);

    await started.anyTime('not ready');
    started.removeStart();
    note('update removes start.sh that failed, to the first 0', await timed(started, /^0 /, update(...remove)));
  }
  started.putStart();
  await update(...add)();
  await started.endStart(0);
  await started.firstSaying(/^0 /);
}

/** A slow service delays the stop, so that the daemon, which ends last, is there and must notice. */
export async function measureStops(started: StartedForm, rounds: number, form: Form, note: Note): Promise<void> {
  const { supervisord } = started;
  const measure = async (by: 'by RPC' | 'by a signal', act: () => Promise<unknown>, isReload: boolean) => {
    await started.anyTime('ready');
    const begunAtMs = nowMs();
    const seenAfterMs = await timed(started, notReady, act);
    note(`reload or shutdown ${by}, to the first that is not 0`, seenAfterMs);
    const toldAfterMs = (await started.toldAfter(begunAtMs, 'stop')) - begunAtMs;
    note(`reload or shutdown ${by}, to supervisord's event`, toldAfterMs);
    if (form === 'events') note("supervisord's event of it, to the first that is not 0", seenAfterMs - toldAfterMs);
    await started.letStop();
    if (!isReload) {
      if (supervisord.child.exitCode === null) await once(supervisord.child, 'exit');
      await supervisord.launch();
    }
    await started.endStart(0);
    await started.firstSaying(/^0 /);
  };
  for (let round = 0; round < rounds; round++) {
    for (const isReload of [true, false]) {
      const [method, signal] = isReload ? (['restart', 'SIGHUP'] as const) : (['shutdown', 'SIGTERM'] as const);
      await measure('by RPC', () => supervisord.call(method), isReload);
      await measure('by a signal', async () => supervisord.child.kill(signal), isReload);
    }
  }
}

/** A change that no event tells of. */
export async function measureHook(bench: Bench, form: Form, rounds: number, note: Note): Promise<void> {
  let hook = '';
  const started = await startForm(bench, form, (path) => {
    hook = writeScript(path, 'exit 0');
  });
  await started.endStart(0);
  for (let round = 0; round < rounds; round++) {
    replaceScript(hook, 'exit 0');
    await started.firstSaying(/^0 /);
    await started.anyTime('ready');
    note('hook turns bad, to the first that is not 0', await timed(started, notReady, async () => replaceScript(hook, 'exit 1')));
  }
  await started.stop();
}
