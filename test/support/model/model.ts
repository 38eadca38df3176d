/**
 * What the verdict must be, as a pure function of what the world was like. It knows nothing of the daemon's code: it is
 * what the tests hold the daemon against, with a controlled clock and as built.
 */

export type StartState = 'absent' | 'never started' | 'running' | 'good' | 'failed' | 'fatal' | 'stopped' | 'restarting';
export type HookState = 'absent' | 'good' | 'failing' | 'hanging' | 'not executable';
export type Fault = 'none' | 'supervisord silent' | 'supervisord gone' | 'supervisord talks nonsense' | 'bug';

/** How things are for some time. */
export interface World {
  readonly start: StartState;
  readonly hook: HookState;
  readonly fault: Fault;
}

/** A world from a moment on, until the next; milliseconds of the monotonic clock. */
export interface Era {
  readonly fromMs: number;
  readonly world: World;
}

const codeOfStart: Readonly<Record<StartState, number>> = {
  absent: 0,
  'never started': 2,
  running: 2,
  good: 0,
  failed: 112,
  fatal: 113,
  stopped: 115,
  restarting: 2,
};

const codeOfHook: Readonly<Record<HookState, number>> = { absent: 0, good: 0, failing: 17, hanging: 122, 'not executable': 120 };

const codeOfFault: Readonly<Record<Fault, number>> = {
  none: 0,
  'supervisord silent': 110,
  'supervisord gone': 110,
  'supervisord talks nonsense': 111,
  bug: 105,
};

/** What the start step must find. */
export function startCode(world: World): number {
  return codeOfFault[world.fault] || codeOfStart[world.start];
}

/** What the hook step must find. */
export function hookCode(world: World): number {
  return codeOfHook[world.hook];
}

/** What must be shown in the end when the world stays as it is. */
export function truth(world: World): number {
  return startCode(world) || hookCode(world);
}

/**
 * Whether a verdict has a ground: what it says was so at some time from the start of its cycle on. A ready one needs more:
 * a good hook, and a good start both before and after it.
 *
 * @param history - the eras, the oldest first
 * @param fromMs - when the cycle of the verdict began
 * @param nowMs - when it is shown
 * @param code - that is shown, other than 103 and 104
 */
export function hasGround(history: readonly Era[], fromMs: number, nowMs: number, code: number): boolean {
  const worlds = history
    .filter((era, index) => era.fromMs <= nowMs && (history[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) >= fromMs)
    .map(({ world }) => world);
  // A good end counts from the second after it.
  if (code === 2 && worlds.some(({ start }) => start === 'good')) return true;
  if (code !== 0) return worlds.some((world) => startCode(world) === code || hookCode(world) === code);
  const first = worlds.findIndex((world) => startCode(world) === 0);
  const last = worlds.findLastIndex((world) => startCode(world) === 0);
  return first !== -1 && worlds.slice(first, last + 1).some((world) => hookCode(world) === 0);
}
