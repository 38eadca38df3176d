import type { ProcessInfo } from './client.ts';
import { fullName, type ProcessName } from './names.ts';
import { processState as state, stateNames } from './states.ts';
import type { Snapshot } from './view.ts';

/** People would not read more. */
const mostShown = 100;

/** A start program in supervisord's last answer. */
export interface SeenProgram {
  readonly program: string;
  /** supervisord's name for it. */
  readonly state: string;
  /** How long it has been in this state; undefined where supervisord does not say. */
  readonly forMs: number | undefined;
  readonly seenAgoMs: number;
}

/**
 * The start programs as last seen. Only for people to read.
 *
 * @param snapshot - undefined before the first answer
 * @param isStart - whether a live process is a start program
 * @param nowMs - by the monotonic clock
 */
export function seenPrograms(snapshot: Snapshot | undefined, isStart: (program: ProcessName) => boolean, nowMs: number): SeenProgram[] {
  if (snapshot === undefined) return [];
  const seenAgoMs = Math.max(0, nowMs - snapshot.answeredAtMs);
  return snapshot.processes
    .filter(isStart)
    .slice(0, mostShown)
    .map((process) => {
      const ms = stateAgeMs(process);
      return {
        program: fullName(process),
        state: stateNames.get(process.state) ?? String(process.state),
        forMs: ms === undefined ? undefined : ms + seenAgoMs,
        seenAgoMs,
      };
    });
}

/**
 * How long a process had been in its state when supervisord answered, by the times in that answer
 * alone. supervisord does not say when a process entered BACKOFF or STOPPING, and its clock may
 * have been set back.
 */
function stateAgeMs({ state: number, start, stop, now }: ProcessInfo): number | undefined {
  const isUp = number === state.STARTING || number === state.RUNNING;
  const isDown = number === state.EXITED || number === state.STOPPED || number === state.FATAL;
  const since = isUp ? start : isDown ? stop : 0;
  return since === 0 || since > now ? undefined : (now - since) * 1000;
}
