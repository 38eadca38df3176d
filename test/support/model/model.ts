/**
 * What the verdict must be, as a pure function of the state of the world. It knows nothing of the daemon's
 * code. The tests compare the daemon with it, both with a simulated clock and as built.
 */

export type StartState = 'absent' | 'never started' | 'running' | 'good' | 'failed' | 'fatal' | 'stopped' | 'restarting';
/** Absent at the default path, which is allowed; missing at another path. */
export type HookState = 'absent' | 'missing' | 'good' | 'failing' | 'hanging' | 'not executable';
/**
 * What a reread without an update has made of supervisord's configuration: one more start.sh, a service
 * turned into one, or nothing at all.
 */
export type ConfigState = 'loaded' | 'start.sh added' | 'service made start.sh' | 'sections dropped';
/**
 * A program that must be running. A change sets one of the first three. `just up` and `up for a while` are
 * parts of the time in which it is up.
 */
export type ProgramState = 'up' | 'stopped' | 'crashing' | 'just up' | 'up for a while';
/** A declared check, which runs beside the hook. */
export type CheckState = 'none' | 'good' | 'failing' | 'hanging';
export type Fault = 'none' | 'supervisord silent' | 'supervisord gone' | 'supervisord talks nonsense' | 'bug';

/** How things are for some time. */
export interface World {
  readonly start: StartState;
  readonly config: ConfigState;
  readonly hook: HookState;
  readonly program: ProgramState;
  readonly check: CheckState;
  readonly fault: Fault;
}

/** The next world after a given one: a frozen supervisord starts and ends no program. */
export function following(before: World, next: World): World {
  return next.fault === 'supervisord silent' ? { ...next, program: before.program } : next;
}

/** A world from this time until the next era. In milliseconds of the monotonic clock. */
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

const codesOfProgram: Readonly<Record<ProgramState, readonly number[]>> = {
  up: [0],
  stopped: [116],
  crashing: [116],
  'just up': [116],
  // Up for long enough, but the observer may not have seen it for so long.
  'up for a while': [0, 116],
};

const codeOfCheck: Readonly<Record<CheckState, number>> = { none: 0, good: 0, failing: 117, hanging: 117 };

const codeOfFault: Readonly<Record<Fault, number>> = {
  none: 0,
  'supervisord silent': 110,
  'supervisord gone': 110,
  'supervisord talks nonsense': 111,
  bug: 105,
};

/** The codes that the start step may find. */
function startCodes({ fault, start, config }: World): readonly number[] {
  const code = codeOfFault[fault] || codeOfStart[start];
  if (fault !== 'none' || config === 'loaded') return [code];
  // A daemon knows what a program runs if it saw it beside its section.
  if (config === 'sections dropped') return [code, 114];
  return [code === 0 ? 2 : code];
}

/**
 * The codes that the hook step may find. For a missing hook, this function does not know whether it was there
 * before.
 */
function hookCodes({ hook }: World): readonly number[] {
  return hook === 'absent' ? [0, 120] : [codeOfHook[hook]];
}

/** The codes that each step may find, in the order of the verdict: the first failure decides. */
const codesInOrder: readonly ((world: World) => readonly number[])[] = [
  startCodes,
  hookCodes,
  ({ program }) => codesOfProgram[program],
  ({ check }) => [codeOfCheck[check]],
];

/** What may be shown in the end when the world stays as it is. More than one code when the past decides. */
export function truths(world: World): readonly number[] {
  return codesInOrder.reduceRight<readonly number[]>((later, codes) => codes(world).flatMap((code) => (code === 0 ? later : [code])), [0]);
}

/** Whether what events report is bad: start.sh, or the program. */
export function isToldBad(world: World): boolean {
  return codeOfStart[world.start] !== 0 || !codesOfProgram[world.program].includes(0);
}

/** Whether supervisord's programs allow ready. */
function mayBeGood(world: World): boolean {
  return startCodes(world).includes(0) && codesOfProgram[world.program].includes(0);
}

/** How long a program must be up before it counts: in a run that was there from the beginning, and in a later run. */
export interface Settling {
  readonly firstMs: number;
  readonly againMs: number;
}

/** A question to supervisord about its processes that was answered. */
export interface Look {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * A history in which each time that the program is up has parts: `just up`, then `up for a while`, and `up`
 * once the observer has seen it for long enough.
 *
 * @param looks - all of them, the oldest first; without any, nothing is known of what has been seen
 */
export function withSettling(history: readonly Era[], { firstMs, againMs }: Settling, looks: readonly Look[]): Era[] {
  let upSinceMs: number | undefined;
  return history.flatMap(({ fromMs, world }, index) => {
    if (world.program !== 'up') {
      upSinceMs = undefined;
      return [{ fromMs, world }];
    }
    upSinceMs ??= fromMs;
    const sinceMs = upSinceMs;
    const needMs = sinceMs === history[0]?.fromMs ? firstMs : againMs;
    const seenMs = looks.find((look) => look.fromMs >= sinceMs)?.toMs ?? Number.POSITIVE_INFINITY;
    const parts: Era[] = [
      { fromMs: sinceMs, world: { ...world, program: 'just up' } },
      { fromMs: sinceMs + needMs, world: { ...world, program: 'up for a while' } },
      { fromMs: seenMs + needMs, world },
    ];
    const untilMs = history[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    const isInEra = (part: Era, at: number) => part.fromMs < untilMs && (parts[at + 1]?.fromMs ?? Number.POSITIVE_INFINITY) > fromMs;
    return parts.filter(isInEra).map((part) => ({ ...part, fromMs: Math.max(part.fromMs, fromMs) }));
  });
}

/** How late a change by a reread may be noticed. */
export const configLagMs = 15_000;

/** The worlds of a period. */
export function worldsBetween(history: readonly Era[], fromMs: number, toMs: number): World[] {
  return history
    .filter((era, index) => era.fromMs <= toMs && (history[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) >= fromMs)
    .map(({ world }) => world);
}

/**
 * The worlds of a period, each also with the configuration that the daemon may still use. That one may have a
 * start.sh that is gone.
 */
export function worldsOf(history: readonly Era[], fromMs: number, toMs: number): World[] {
  const read = worldsBetween(history, fromMs - configLagMs, toMs);
  const configs = new Set(read.map(({ config }) => config));
  const hadStart = read.some(({ start, config }) => start !== 'absent' && config !== 'sections dropped');
  return worldsBetween(history, fromMs, toMs).flatMap((world) => {
    const older = hadStart && world.start === 'absent' ? [...configs, 'start.sh added' as const] : [...configs];
    return older.map((config) => ({ ...world, config }));
  });
}

/**
 * Whether at some moment of a period supervisord's programs were good: its start.sh, and its program, which
 * had been up for long enough.
 */
export function wasGood(history: readonly Era[], fromMs: number, toMs: number): boolean {
  return worldsOf(history, fromMs, toMs).some(mayBeGood);
}

/**
 * Whether a verdict has a ground in the world: at some time since the start of its cycle it was true, and at
 * some time everything before it in order was good. A ready verdict needs more: a good hook and check, and a
 * good start and program both before and after them.
 *
 * @param history - the eras, the oldest first, with settling
 * @param fromMs - when the cycle of the verdict began
 * @param nowMs - when it is shown
 * @param code - that is shown, other than 103 and 104
 */
export function hasGround(history: readonly Era[], fromMs: number, nowMs: number, code: number): boolean {
  const worlds = worldsOf(history, fromMs, nowMs);
  // A good end counts from the second after it.
  if (code === 2 && worlds.some(({ start }) => start === 'good')) return true;
  if (code !== 0) {
    return codesInOrder.some(
      (codes, at) =>
        worlds.some((world) => codes(world).includes(code)) &&
        codesInOrder.slice(0, at).every((before) => worlds.some((world) => before(world).includes(0))),
    );
  }
  const first = worlds.findIndex(mayBeGood);
  const last = worlds.findLastIndex(mayBeGood);
  const between = first === -1 ? [] : worlds.slice(first, last + 1);
  return between.some((world) => hookCodes(world).includes(0)) && between.some(({ check }) => codeOfCheck[check] === 0);
}
