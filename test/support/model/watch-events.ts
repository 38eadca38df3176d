import assert from 'node:assert/strict';
import type { EventFault } from './event-pool.ts';
import {
  type CheckState,
  type Era,
  following,
  hasGround,
  isToldBad,
  type ProgramState,
  truths,
  type World,
  withSettling,
  worldsBetween,
} from './model.ts';
import { hookTimeoutMs, type SeenVerdict, Simulation, settling } from './simulation.ts';
import { rpcTimeoutMs } from './supervisord.ts';
import { tickMs } from './watch.ts';

/** supervisord runs its loop once a second, and then takes a few turns to send what waits. */
const tellMs = 1200;

/** How long until the daemon notices that events have stopped, or asks without an event: a tick, and the period. */
const silenceMs = 75_000 + 10_000;

/** The longest wait after a hook that ran long. */
const longestRestMs = 30_000;

/**
 * With these faults each event may show again that others were lost. Then start changes faster than it can be
 * looked at, which is 2, and the result of a waiting hook no longer counts.
 */
const breaksEach: readonly EventFault[] = ['storm', 'swapped', 'counted anew'];

const codesOfHook = [17, 120, 122];
const codesAfterHook = [0, 116, 117];

/** What happens in a history with events. */
export type EventfulEvent =
  | { readonly kind: 'era'; readonly world: World; readonly forMs: number }
  | { readonly kind: 'checked'; readonly program: ProgramState; readonly check: CheckState; readonly forMs: number }
  | { readonly kind: 'frozen'; readonly forMs: number }
  | { readonly kind: 'slow'; readonly rpcMs: number; readonly hookMs: number }
  | { readonly kind: 'check'; readonly forMs: number }
  /** From now on events come like this. */
  | { readonly kind: 'events'; readonly fault: EventFault; readonly forMs: number }
  | { readonly kind: 'end of events' };

/**
 * Takes a daemon with events through one history, and a long quiet time at its end.
 *
 * @param hasPrograms - whether the daemon is to look at the program
 * @param shown - gets each code that was shown
 * @throws AssertionError when 0 is shown, or anything else, that has no ground, or not the truth in the end
 */
export async function watchEvents(first: World, hasPrograms: boolean, events: readonly EventfulEvent[], shown: Set<number>): Promise<void> {
  const simulation = new Simulation(named(first), true, hasPrograms);
  const history: Era[] = [{ fromMs: simulation.nowMs, world: named(first) }];
  /** Whether all events since then have come, and in time. */
  let isTold = true;
  let slowestRpcMs = simulation.rpcMs;
  let slowestHookMs = simulation.hookMs;
  /** When the last change was made. */
  let changedAtMs = simulation.nowMs;

  let last: ReturnType<Simulation['read']>['newest'];
  let judged = 0;
  /** The period in which each event may show that others were lost. */
  let brokenSinceMs = Number.POSITIVE_INFINITY;
  let brokenUntilMs = Number.NEGATIVE_INFINITY;
  let stepMs = tickMs;

  /** A program that nobody looks at is as good as up. */
  function named(world: World): World {
    return hasPrograms ? world : { ...world, program: 'up' };
  }

  async function pass(ms: number): Promise<void> {
    const untilMs = simulation.nowMs + ms;
    while (simulation.nowMs < untilMs) {
      look();
      const { length } = simulation.hookRuns;
      await simulation.pass(stepMs);
      if (simulation.hookRuns.length > length) expectHookRested();
      for (; judged < simulation.published.length; judged++) expectHookKept(judged);
    }
  }

  /** How late the daemon may know that start.sh or the program runs again, or has ended. */
  function lagMs(): number {
    return tellMs + 12 * slowestRpcMs + (isTold ? 0 : silenceMs);
  }

  function look(): void {
    const { verdict, newest } = simulation.read();
    const { code } = verdict;
    shown.add(code);
    if (newest === undefined || code === 103) return;
    // A ground stays a ground, whatever comes later.
    if (newest !== last) assert.equal(hasGroundHere(newest, code), true, `${code} has no ground, ${verdict.message}`);
    last = newest;
    if (code === 0)
      assert.equal(isToldBadFor(tellMs + 12 * Math.max(slowestRpcMs, stepMs)), false, '0 is shown though it was told that it is not so');
    // Long after everything has happened, only the truth.
    const usualCycleMs = 24 * slowestRpcMs + 2 * rpcTimeoutMs + 2 * slowestHookMs + 2400;
    if (simulation.nowMs <= changedAtMs + silenceMs + longestRestMs + 2 * usualCycleMs) return;
    expectTruth(code);
  }

  /** Whether everything in this period up to now was bad, and was reported. */
  function isToldBadFor(ms: number): boolean {
    if (!isTold) return false;
    return worldsBetween(settled(), simulation.nowMs - ms, simulation.nowMs).every(
      (world) => isToldBad(world) && world.fault !== 'supervisord silent',
    );
  }

  function settled(): Era[] {
    return hasPrograms ? withSettling(history, settling, simulation.supervisord.looks) : history;
  }

  /**
   * It looks at supervisord's socket and configuration only after an event, or once a minute. A verdict from
   * an event during a cycle keeps what was found before of hook and check.
   */
  function hasGroundHere({ startedAtMs: fromMs, steps }: NonNullable<typeof last>, code: number): boolean {
    const eras = settled();
    const starts = eras.filter(isIn(eras, fromMs - lagMs()));
    const others = history.filter(isIn(history, fromMs - silenceMs - 12 * rpcTimeoutMs));
    const worlds = others.flatMap(({ world: { config, fault } }) =>
      starts.map(({ fromMs: from, world }) => ({ fromMs: from, world: { ...world, config, fault } })),
    );
    const hookAtMs = steps.find(({ name }) => name === 'hook')?.startedAtMs;
    if (code === 0) assert.equal(hookAtMs !== undefined && hookAtMs >= fromMs, true, 'ready, and the hook was not looked at');
    const beside = hookAndCheckAt(hookAtMs);
    const all = worlds.flatMap((era) => [era, { ...era, world: { ...era.world, ...beside } }]);
    if (code === 2 && brokenSinceMs <= simulation.nowMs && brokenUntilMs >= fromMs - lagMs()) return true;
    return all.some((_era, index) => hasGround(all.slice(index), all[index]?.fromMs ?? 0, simulation.nowMs, code));
  }

  /** Where they were not looked at, they count as good. */
  function hookAndCheckAt(atMs: number | undefined): Pick<World, 'hook' | 'check'> {
    if (atMs === undefined) return { hook: 'good', check: 'good' };
    assert.equal(
      simulation.hookLooks.some((look) => look.atMs === atMs),
      true,
      'nobody looked for a hook then',
    );
    const { hook, check } = (history.findLast((era) => era.fromMs <= atMs) as Era).world;
    return { hook, check };
  }

  /** What was found of the hook comes before what events say of programs, until the hook is looked at again. */
  function expectHookKept(index: number): void {
    const [before, now] = simulation.published.slice(index - 1, index + 1) as [SeenVerdict, SeenVerdict | undefined];
    if (index === 0 || now === undefined || !codesOfHook.includes(before.code) || !codesAfterHook.includes(now.code)) return;
    assert.equal(now.hookLooks > before.hookLooks, true, `${before.code} became ${now.code} without a look for the hook`);
  }

  const isIn = (eras: readonly Era[], fromMs: number) => (_era: Era, index: number) =>
    (eras[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) >= fromMs;

  function expectTruth(code: number): void {
    const { world } = history.at(-1) as Era;
    const mayBeTooFast = brokenUntilMs === Number.POSITIVE_INFINITY && world.program === 'crashing';
    const expected = mayBeTooFast ? [...truths(world), 2, 116] : truths(world);
    assert.equal(expected.includes(code), true, `${code} is none of ${expected.join()}`);
  }

  /** However often events cause a look at start.sh, the hook takes no more than its share of time. */
  function expectHookRested(): void {
    const [before, run] = simulation.hookRuns.slice(-2);
    if (before === undefined || run === undefined) return;
    const least = Math.min(longestRestMs, 9 * (before.toMs - before.fromMs));
    assert.equal(run.fromMs - before.toMs >= least, true, `the hook rested only ${run.fromMs - before.toMs} ms`);
  }

  function become(world: World): void {
    const before = (history.at(-1) as Era).world;
    // A frozen supervisord starts and ends nothing.
    const next = following(before, named(world.fault === 'supervisord silent' ? { ...world, start: before.start } : world));
    simulation.become(next);
    history.push({ fromMs: simulation.nowMs, world: next });
    changedAtMs = simulation.nowMs;
  }

  function becomeFault(fault: EventFault): void {
    if (simulation.events !== undefined) simulation.events.fault = fault;
    if (breaksEach.includes(fault)) {
      brokenSinceMs = Math.min(brokenSinceMs, simulation.nowMs);
      brokenUntilMs = Number.POSITIVE_INFINITY;
    } else if (brokenUntilMs === Number.POSITIVE_INFINITY) brokenUntilMs = simulation.nowMs;
  }

  async function take(event: EventfulEvent): Promise<void> {
    switch (event.kind) {
      case 'era':
        become(event.world);
        return pass(event.forMs);
      case 'checked':
        become({ ...simulation.world, program: event.program, check: event.check });
        return pass(event.forMs);
      case 'frozen':
        simulation.freeze(event.forMs);
        isTold = false;
        changedAtMs = simulation.nowMs;
        return look();
      case 'slow':
        simulation.rpcMs = event.rpcMs;
        simulation.hookMs = event.hookMs;
        slowestRpcMs = Math.max(slowestRpcMs, event.rpcMs);
        slowestHookMs = Math.max(slowestHookMs, event.hookMs, hookTimeoutMs);
        return;
      case 'check':
        await simulation.pass(0);
        void simulation.check().catch(() => {});
        return pass(event.forMs);
      case 'events':
        isTold &&= event.fault === 'none';
        becomeFault(event.fault);
        changedAtMs = simulation.nowMs;
        return pass(event.forMs);
      default:
        isTold = false;
        simulation.events?.pipes.end();
        becomeFault('stopped');
        changedAtMs = simulation.nowMs;
    }
  }

  try {
    await pass(3000);
    for (const event of events) await take(event);
    if (simulation.events?.fault === 'storm') becomeFault('none');
    changedAtMs = simulation.nowMs;
    stepMs = 4 * tickMs;
    await pass(silenceMs + longestRestMs + 120_000);
    expectTruth(simulation.read().verdict.code);
    assert.equal(simulation.overlaps, 0);
  } finally {
    await simulation.stop();
  }
}
