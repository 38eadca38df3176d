import assert from 'node:assert/strict';
import type { EventFault } from './event-pool.ts';
import { type Era, hasGround, truths, type World } from './model.ts';
import { hookTimeoutMs, Simulation } from './simulation.ts';
import { rpcTimeoutMs } from './supervisord.ts';
import { tickMs } from './watch.ts';

/** supervisord goes through its loop once a second; then it takes a few turns to tell what waits. */
const tellMs = 1200;

/** Until the daemon notices that events have stopped, or asks though nothing was told: a tick, and the period. */
const silenceMs = 75_000 + 10_000;

/** A hook that ran long rests this long. */
const longestRestMs = 30_000;

/** What happens in a history with events. */
export type EventfulEvent =
  | { readonly kind: 'era'; readonly world: World; readonly forMs: number }
  | { readonly kind: 'frozen'; readonly forMs: number }
  | { readonly kind: 'slow'; readonly rpcMs: number; readonly hookMs: number }
  | { readonly kind: 'check'; readonly forMs: number }
  /** From now on events come like this. */
  | { readonly kind: 'events'; readonly fault: EventFault; readonly forMs: number }
  | { readonly kind: 'end of events' };

/**
 * Takes a daemon that is told by events through one history, and a long quiet time at its end.
 *
 * @param shown - gets each code that was shown
 * @throws AssertionError when 0 is shown, or anything else, that has no ground, or not the truth in the end
 */
export async function watchEvents(first: World, events: readonly EventfulEvent[], shown: Set<number>): Promise<void> {
  const simulation = new Simulation(first, true);
  const history: Era[] = [{ fromMs: simulation.nowMs, world: first }];
  /** Since then all events have come, and in time. */
  let isTold = true;
  let slowestRpcMs = simulation.rpcMs;
  let slowestHookMs = simulation.hookMs;
  /** When the last change came about. */
  let changedAtMs = simulation.nowMs;

  let last: ReturnType<Simulation['read']>['newest'];

  async function pass(ms: number, stepMs = tickMs): Promise<void> {
    const untilMs = simulation.nowMs + ms;
    while (simulation.nowMs < untilMs) {
      look();
      const { length } = simulation.hookRuns;
      await simulation.pass(stepMs);
      if (simulation.hookRuns.length > length) expectHookRested();
    }
  }

  /** How late it may be known that start.sh runs again, or has ended. */
  function lagMs(): number {
    return tellMs + 12 * slowestRpcMs + (isTold ? 0 : silenceMs);
  }

  function look(): void {
    const { verdict, newest } = simulation.read();
    const { code } = verdict;
    shown.add(code);
    if (newest === undefined || code === 103) return;
    // A ground is not lost by what comes later.
    if (newest !== last) assert.equal(hasGroundHere(newest.startedAtMs, code), true, `${code} has no ground, ${verdict.message}`);
    last = newest;
    // Long after all has happened, nothing but the truth.
    const usualCycleMs = 24 * slowestRpcMs + 2 * rpcTimeoutMs + 2 * slowestHookMs + 2400;
    if (simulation.nowMs <= changedAtMs + silenceMs + longestRestMs + 2 * usualCycleMs) return;
    expectTruth(code);
  }

  /** supervisord's socket, and its configuration, it looks at only when something is told, or once a minute. */
  function hasGroundHere(fromMs: number, code: number): boolean {
    const starts = history.filter(isIn(fromMs - lagMs()));
    const others = history.filter(isIn(fromMs - silenceMs - 12 * rpcTimeoutMs));
    const worlds = others.flatMap(({ world: { config, fault } }) =>
      starts.map(({ fromMs: from, world }) => ({ fromMs: from, world: { ...world, config, fault } })),
    );
    return worlds.some((_era, index) => hasGround(worlds.slice(index), worlds[index]?.fromMs ?? 0, simulation.nowMs, code));
  }

  const isIn = (fromMs: number) => (_era: Era, index: number) => (history[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) >= fromMs;

  function expectTruth(code: number): void {
    const expected = truths((history.at(-1) as Era).world);
    assert.equal(expected.includes(code), true, `${code} is none of ${expected.join()}`);
  }

  /** However often events have it looked at start.sh, the hook keeps to its share. */
  function expectHookRested(): void {
    const [before, run] = simulation.hookRuns.slice(-2);
    if (before === undefined || run === undefined) return;
    const least = Math.min(longestRestMs, 9 * (before.toMs - before.fromMs));
    assert.equal(run.fromMs - before.toMs >= least, true, `the hook rested only ${run.fromMs - before.toMs} ms`);
  }

  function become(world: World): void {
    const { start } = (history.at(-1) as Era).world;
    // What is frozen starts and ends nothing.
    const next = world.fault === 'supervisord silent' ? { ...world, start } : world;
    simulation.world = next;
    history.push({ fromMs: simulation.nowMs, world: next });
    changedAtMs = simulation.nowMs;
  }

  async function take(event: EventfulEvent): Promise<void> {
    switch (event.kind) {
      case 'era':
        become(event.world);
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
        if (simulation.events !== undefined) simulation.events.fault = event.fault;
        changedAtMs = simulation.nowMs;
        return pass(event.forMs);
      default:
        isTold = false;
        simulation.events?.pipes.end();
        if (simulation.events !== undefined) simulation.events.fault = 'stopped';
        changedAtMs = simulation.nowMs;
    }
  }

  try {
    await pass(3000);
    for (const event of events) await take(event);
    if (simulation.events?.fault === 'storm') simulation.events.fault = 'none';
    changedAtMs = simulation.nowMs;
    await pass(silenceMs + longestRestMs + 120_000, 4 * tickMs);
    expectTruth(simulation.read().verdict.code);
    assert.equal(simulation.overlaps, 0);
  } finally {
    await simulation.stop();
  }
}
