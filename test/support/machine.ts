import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { end, type Finished, run } from './run.ts';
import { type Context, cleanUp, tree } from './scratch.ts';

/** What looks like a machine of its own: it sees no processes, mounts and /run but its own. */
export interface Machine {
  /** A command that runs another one there. */
  readonly by: readonly string[];
  run(...words: string[]): Promise<Finished>;
  readinessctl(...words: string[]): Promise<Finished>;
  /** Writes a file that others than this machine do not see. */
  write(path: string, text: string): Promise<Finished>;
}

/** Starts one, which ends with the test, and all that was started there with it. */
export async function startMachine(t: Context): Promise<Machine> {
  const prepare = 'mount -t tmpfs none /run && mount -t tmpfs none /var/lib && echo ready && exec sleep infinity';
  const first = spawn('unshare', ['--pid', '--fork', '--kill-child', '--mount', '--mount-proc', 'sh', '-c', prepare]);
  cleanUp(t, () => end(first));
  await new Promise((resolve) => first.stdout.once('data', resolve));
  const pid = readFileSync(`/proc/${first.pid}/task/${first.pid}/children`, 'utf8').trim();
  const by = ['nsenter', '--target', pid, '--pid', '--mount'];
  const there = (...words: string[]) => run(by[0] ?? '', [...by.slice(1), ...words], { env: { PATH: process.env['PATH'] } });
  return {
    by,
    run: there,
    readinessctl: (...words) => there(join(tree, 'usr/bin/readinessctl'), ...words),
    write: (path, text) => there('sh', '-c', 'mkdir -p "$1" && printf %s "$3" >"$1/$2"', 'sh', dirname(path), basename(path), text),
  };
}

/** An ID as runtimes make them. */
export function newRuntimeId(): string {
  return randomBytes(32).toString('hex');
}
