import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { patienceMs } from './scratch.ts';

export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. A program that does not end in time is killed. */
export async function run(file: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<Finished> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: patienceMs, killSignal: 'SIGKILL', ...options });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stdout: stdout(), stderr: stderr() };
}

/** @returns a function that returns what has been written so far */
export function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  let text = '';
  child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** Ends a process that the test started, and waits for its end. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await exited;
  clearTimeout(timer);
}
