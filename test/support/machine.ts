import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive } from './process.ts';
import { end, type Finished, run } from './run.ts';
import { type Context, cleanUp, tree, until } from './scratch.ts';

/** Looks like a separate machine: it sees only its own processes, mounts and /run. */
export interface Machine {
  /** A command prefix that runs a command there. */
  readonly by: readonly string[];
  run(...words: string[]): Promise<Finished>;
  readinessctl(...words: string[]): Promise<Finished>;
  /** Starts a program there that runs as long as the test, and waits for its first output. */
  keep(t: Context, ...words: string[]): Promise<void>;
  /** Writes a file that only this machine sees. */
  write(path: string, text: string): Promise<Finished>;
}

/** Starts a machine. It ends with the test, and everything that was started there ends with it. */
export async function startMachine(t: Context): Promise<Machine> {
  const prepare = 'mount -t tmpfs none /run && mount -t tmpfs none /var/lib && echo ready && exec sleep infinity';
  const first = spawn('unshare', ['--pid', '--fork', '--kill-child', '--mount', '--mount-proc', 'sh', '-c', prepare]);
  await once(first.stdout, 'data');
  const pid = readFileSync(`/proc/${first.pid}/task/${first.pid}/children`, 'utf8').trim();
  cleanUp(t, async () => {
    // It ignores SIGTERM.
    await end(first, 'SIGKILL');
    await until('its processes have ended', () => !isAlive(Number(pid)));
  });
  const by = ['nsenter', '--target', pid, '--pid', '--mount'];
  const there = (...words: string[]) => run(by[0] ?? '', [...by.slice(1), ...words], { env: { PATH: process.env['PATH'] } });
  return {
    by,
    run: there,
    readinessctl: (...words) => there(join(tree, 'usr/bin/readinessctl'), ...words),
    keep: async (t, ...words) => {
      // nsenter passes no signal on.
      const kept = spawn(by[0] ?? '', [...by.slice(1), 'setpriv', '--pdeathsig', 'KILL', ...words]);
      cleanUp(t, () => end(kept, 'SIGKILL'));
      await once(kept.stdout, 'data');
    },
    write: (path, text) => there('sh', '-c', 'mkdir -p "$1" && printf %s "$3" >"$1/$2"', 'sh', dirname(path), basename(path), text),
  };
}

/** An ID as runtimes make them. */
export function newRuntimeId(): string {
  return randomBytes(32).toString('hex');
}
