import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { end } from '../support/run.ts';
import { cleanUp, scratchDirectory } from '../support/scratch.ts';
import type { TestSupervisord } from '../support/supervisord.ts';
import { type Bench, pidOf } from './setup.ts';

/**
 * Scripts that do the least of what the daemon does, with the same libraries or none. The daemon's cost is
 * shown beside theirs.
 */

function startFloor(bench: Bench, script: string, ...args: readonly string[]): number {
  const child = spawn('node', [join(import.meta.dirname, 'floors', script), ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  cleanUp(bench, () => end(child));
  return pidOf({ child });
}

/**
 * @param methods - of supervisord, called one after the other in each cycle
 * @param hook - run after them; '' for none
 * @returns its process id
 */
export function startCycleFloor(bench: Bench, supervisord: TestSupervisord, methods: readonly string[], hook: string): number {
  const period = String(bench.isQuick ? 200 : 10_000);
  return startFloor(bench, 'cycle.mjs', period, supervisord.url.replace('unix://', ''), methods.join(), hook);
}

/** @returns its process id and its socket, which may not be there yet */
export function startServerFloor(bench: Bench): { readonly pid: number; readonly socket: string } {
  const socket = join(scratchDirectory(bench), 's');
  return { pid: startFloor(bench, 'server.mjs', socket), socket };
}

/** @returns its process id */
export function startMemoryFloor(bench: Bench): number {
  return startFloor(bench, 'memory.mjs', join(scratchDirectory(bench), 's'));
}
