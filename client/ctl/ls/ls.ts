import type { Command, Session } from '../session.ts';
import { createSurveyor, type Machine, type Surveyor } from './containers.ts';
import { isReady } from './show.ts';
import { showOnce, watch } from './watch.ts';

/**
 * A call that hangs blocks one of libuv's threads, and the others go on. libuv starts all threads at once,
 * before any work is done, so the number is moderate.
 */
const threads = '16';

/** Enough for a container that is only slow on a busy machine. */
const graceMs = 3000;

const [notAllReadyCode, noneFoundCode] = [1, 2];

/**
 * Lists the containers of this machine that have a readinessd, with their verdicts. Its exit codes are among
 * exitCodes in program.ts.
 */
export const ls: Command<{ readonly watch?: boolean }> = async (session, options) => {
  const user = process.geteuid?.();
  if (user !== 0) {
    session.stderr.write(`readinessctl: cannot list containers as user ${user}: only root can look into them, so run it as root\n`);
    return noneFoundCode;
  }
  // libuv reads this when the first call needs a thread.
  session.environment['UV_THREADPOOL_SIZE'] = threads;
  const surveyor = createSurveyor();
  const code = options.watch === true ? await watch(session, surveyor, codeFor) : await once(session, surveyor);
  if (await surveyor.hangsFor(graceMs)) await endNow(session);
  return code;
};

async function once(session: Session, surveyor: Surveyor): Promise<number> {
  const machine = await surveyor.survey();
  showOnce(session, machine);
  return codeFor(machine);
}

function codeFor(machine: Machine): number {
  if (isReady(machine)) return 0;
  return machine.containers.length === 0 ? noneFoundCode : notAllReadyCode;
}

/**
 * process.exit() also waits for Node's threads. While one hangs, only a signal can end this process, and that
 * is never a success.
 */
async function endNow({ stdout }: Session): Promise<never> {
  await new Promise((resolve) => stdout.write('', resolve));
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}
