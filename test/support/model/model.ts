/**
 * What the verdict must be, as a pure function of what the world was like. It knows nothing of the daemon's code: it is
 * what the tests hold the daemon against, with a controlled clock and as built.
 */

export type StartState = 'absent' | 'never started' | 'running' | 'good' | 'failed' | 'fatal' | 'stopped' | 'restarting';
/** Absent at the default path, which may be; missing at another. */
export type HookState = 'absent' | 'missing' | 'good' | 'failing' | 'hanging' | 'not executable';
/** What a reread has made of supervisord's configuration, without an update: a start.sh more, a service that is one now, or nothing at all. */
export type ConfigState = 'loaded' | 'start.sh added' | 'service made start.sh' | 'sections dropped';
export type Fault = 'none' | 'supervisord silent' | 'supervisord gone' | 'supervisord talks nonsense' | 'bug';

/** How things are for some time. */
export interface World {
  readonly start: StartState;
  readonly config: ConfigState;
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

const codeOfHook: Readonly<Record<HookState, number>> = {
  absent: 0,
  missing: 120,
  good: 0,
  failing: 17,
  hanging: 122,
  'not executable': 120,
};

const codeOfFault: Readonly<Record<Fault, number>> = {
  none: 0,
  'supervisord silent': 110,
  'supervisord gone': 110,
  'supervisord talks nonsense': 111,
  bug: 105,
};

/** What the start step may find. */
function startCodes({ fault, start, config }: World): readonly number[] {
  const code = codeOfFault[fault] || codeOfStart[start];
  if (fault !== 'none' || config === 'loaded') return [code];
  // What it runs, a daemon knows that saw it beside its section.
  if (config === 'sections dropped') return [code, 114];
  return [code === 0 ? 2 : code];
}

/** What the hook step may find; of a hook that is not there, whether it was there before is not known here. */
function hookCodes({ hook }: World): readonly number[] {
  return hook === 'absent' ? [0, 120] : [codeOfHook[hook]];
}

/** What may be shown in the end when the world stays as it is; more than one code where that follows from what was before. */
export function truths(world: World): readonly number[] {
  return startCodes(world).flatMap((code) => (code === 0 ? hookCodes(world) : [code]));
}

/** How late it may be seen what a reread has changed. */
export const configLagMs = 15_000;

/** The worlds of a time, each also with a configuration that the daemon may still go by. */
export function worldsOf(history: readonly Era[], fromMs: number, toMs: number): World[] {
  const between = (from: number) =>
    history
      .filter((era, index) => era.fromMs <= toMs && (history[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) >= from)
      .map(({ world }) => world);
  const configs = new Set(between(fromMs - configLagMs).map(({ config }) => config));
  return between(fromMs).flatMap((world) => [...configs].map((config) => ({ ...world, config })));
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
  const worlds = worldsOf(history, fromMs, nowMs);
  // A good end counts from the second after it.
  if (code === 2 && worlds.some(({ start }) => start === 'good')) return true;
  if (code !== 0) return worlds.some((world) => startCodes(world).includes(code) || hookCodes(world).includes(code));
  const first = worlds.findIndex((world) => startCodes(world).includes(0));
  const last = worlds.findLastIndex((world) => startCodes(world).includes(0));
  return first !== -1 && worlds.slice(first, last + 1).some((world) => hookCodes(world).includes(0));
}
