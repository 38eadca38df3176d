import type { Command, Session } from '../session.ts';
import { createSurveyor, type Machine, type Surveyor } from './containers.ts';
import { isReady } from './show.ts';
import { showOnce, watch } from './watch.ts';

/** A call that hangs holds a thread of libuv's, and the others go on. All are begun at once, before anything is done, so not too many. */
const threads = '16';

/** What is only slow, on a busy machine, ends in this time, and all is well. */
const graceMs = 3000;

const [notAllReadyCode, noneFoundCode] = [1, 2];

/** The containers of this machine that have a readinessd, each with its verdict. Its codes are among exitCodes in program.ts. */
export const ls: Command<{ readonly watch?: boolean }> = async (session, options) => {
  const user = process.geteuid?.();
  if (user !== 0) {
    session.stderr.write(`readinessctl: cannot list containers as user ${user}: only root can look into them, so run it as root\n`);
    return noneFoundCode;
  }
  // libuv looks when the first call needs a thread.
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

/** process.exit() too waits for Node's threads. While one hangs only a signal ends it, and who is ended by one has not succeeded. */
async function endNow({ stdout }: Session): Promise<never> {
  await new Promise((resolve) => stdout.write('', resolve));
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}
