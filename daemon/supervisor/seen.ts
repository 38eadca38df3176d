import type { ProcessInfo } from './client.ts';
import { fullName, type ProcessName } from './names.ts';
import { processState as state, stateNames } from './states.ts';
import type { Snapshot } from './view.ts';

/** More than people would read. */
const mostShown = 100;

/** A program of start.sh, as supervisord's newest answer shows it. */
export interface SeenProgram {
  readonly program: string;
  /** supervisord's name of it. */
  readonly state: string;
  /** How long it has been so; undefined where supervisord does not tell. */
  readonly forMs: number | undefined;
  readonly seenAgoMs: number;
}

/**
 * The programs of start.sh as last seen; for people only.
 *
 * @param snapshot - undefined before the first answer
 * @param isStart - of a live process
 * @param nowMs - of the monotonic clock
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
 * How long it had been in its state when supervisord answered, by the clock of that answer alone. When it came into BACKOFF, or
 * began to stop, supervisord does not tell; and its clock may have been set back.
 */
function stateAgeMs({ state: number, start, stop, now }: ProcessInfo): number | undefined {
  const isUp = number === state.STARTING || number === state.RUNNING;
  const isDown = number === state.EXITED || number === state.STOPPED || number === state.FATAL;
  const since = isUp ? start : isDown ? stop : 0;
  return since === 0 || since > now ? undefined : (now - since) * 1000;
}
