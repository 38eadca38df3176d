import assert from 'node:assert/strict';
import {
  type CheckState,
  configLagMs,
  type Era,
  following,
  hasGround,
  type ProgramState,
  truths,
  type World,
  wasGood,
  withSettling,
  worldsBetween,
  worldsOf,
} from './model.ts';
import { hookTimeoutMs, periods, type SeenCycle, Simulation, settling } from './simulation.ts';
import { rpcTimeoutMs } from './supervisord.ts';

/** All times of a history are multiples of this. */
export const tickMs = 50;

/**
 * The usual bound of a cycle: one call, and the hook with its ending. The worst: start twice, four calls
 * each, and the hook twice.
 */
const usualCycleMs = rpcTimeoutMs + hookTimeoutMs + 1200;
const cycleBoundMs = 2 * 4 * rpcTimeoutMs + 2 * (hookTimeoutMs + 1200);
const staleMarginMs = 3000;

/** A running cycle shows this often that it is not frozen. */
const alivePeriodMs = 1000;
const longestRestMs = 30_000;

/** So long that whatever has begun ends, the longest wait follows, and then two whole cycles. */
const quietMs = 3 * (cycleBoundMs + longestRestMs);

/** What happens in a history. */
export type Event =
  | { readonly kind: 'era'; readonly world: World; readonly forMs: number }
  /** Nothing else changes. */
  | { readonly kind: 'checked'; readonly program: ProgramState; readonly check: CheckState; readonly forMs: number }
  /** The daemon does not run. */
  | { readonly kind: 'frozen'; readonly forMs: number }
  /** From now on supervisord's answers and the hook take this long. */
  | { readonly kind: 'slow'; readonly rpcMs: number; readonly hookMs: number }
  | { readonly kind: 'check'; readonly forMs: number };

/**
 * Takes the daemon through one history and a long quiet time at its end, and looks at each tick at what is
 * shown.
 *
 * @param shown - gets each code that was shown
 * @throws AssertionError when anything is not as the model says
 */
export async function watchHistory(first: World, events: readonly Event[], shown: Set<number>): Promise<void> {
  const simulation = new Simulation(first);
  const history: Era[] = [{ fromMs: simulation.nowMs, world: first }];
  const checks: { readonly askedAtMs: number; isAnswered: boolean }[] = [];
  /** Cycles that ran, or waits that went on, at these times were delayed. */
  const frozenAtMs: number[] = [];
  let judged = 0;
  /** How long the running cycle has been frozen without a break, and the longest such time. */
  let stretchMs = 0;
  let frozenMs = 0;

  async function pass(ms: number): Promise<void> {
    const untilMs = simulation.nowMs + ms;
    while (simulation.nowMs < untilMs) {
      look();
      stretchMs = 0;
      await simulation.pass(tickMs);
      for (; (simulation.cycles[judged]?.toMs ?? Number.POSITIVE_INFINITY) <= simulation.nowMs; judged++) judgeCycle(judged);
    }
  }

  /** A request must be shown the newest verdict exactly while it is young enough and the next cycle comes in time. */
  function look(): void {
    const { code } = simulation.read().verdict;
    shown.add(code);
    const newest = simulation.cycles.findLast(({ toMs }) => toMs !== Number.POSITIVE_INFINITY);
    if (newest === undefined) {
      assert.equal(code, 104);
      return;
    }
    const running = simulation.cycles.at(-1) as SeenCycle;
    const isRunning = running !== newest;
    if (!isRunning) frozenMs = 0;
    const lateMs = (isRunning ? running.fromMs : simulation.nowMs) - (newest.toMs + restAfter(newest));
    const isStale =
      simulation.nowMs - newest.fromMs > staleLimit(newest) || lateMs > staleMarginMs || frozenMs > alivePeriodMs + staleMarginMs;
    // The model does not know whether the cycle has just shown that it is not frozen.
    if (!isStale && frozenMs > staleMarginMs && code === 103) return;
    assert.equal(code, isStale ? 103 : newest.code);
  }

  /** What a cycle found must have been true while it ran, and the cycle must have begun and ended in time. */
  function judgeCycle(index: number): void {
    const cycle = simulation.cycles[index] as SeenCycle;
    const settled = withSettling(history, settling, simulation.supervisord.looks);
    assert.ok(hasGround(settled, cycle.fromMs, cycle.toMs, cycle.code), `${cycle.code} has no ground`);
    expectTruth(cycle, settled);
    if (cycle.code === 0) expectGoodAfter(cycle, settled);
    const wasFrozen = frozenAtMs.some((atMs) => atMs >= cycle.fromMs && atMs <= cycle.toMs);
    assert.ok(wasFrozen || cycle.toMs - cycle.fromMs <= cycleBoundMs, 'a cycle took longer than its bound');
    const before = simulation.cycles[index - 1];
    if (before !== undefined) expectPace(before, cycle);
    const late = checks.filter(({ askedAtMs, isAnswered }) => askedAtMs < cycle.fromMs && !isAnswered);
    assert.deepEqual(late, [], 'a check is not answered though a cycle has begun and ended after it');
  }

  /**
   * A cycle within one world must say what is true of it, except that a good end is believed only in the next
   * second.
   */
  function expectTruth(cycle: SeenCycle, settled: readonly Era[]): void {
    const era = history.findLast(({ fromMs }) => fromMs <= cycle.toMs) as Era;
    if (era.fromMs > cycle.fromMs) return;
    const first = simulation.cycles.find(({ fromMs }) => fromMs >= era.fromMs) as SeenCycle;
    if (era.world.start === 'good' && cycle.code === 2 && cycle.fromMs < first.toMs + 1000) return;
    const isLate = worldsOf(settled, cycle.fromMs, cycle.toMs).some((world) => truths(world).includes(cycle.code));
    assert.ok(isLate, `${cycle.code} in ${JSON.stringify(era.world)}`);
    const worlds = worldsBetween(settled, cycle.fromMs, cycle.toMs);
    if (cycle.fromMs > era.fromMs + configLagMs) expectOneOf(worlds.flatMap(truths), cycle.code);
    expectHookMissed(cycle.code, era.world);
  }

  /**
   * supervisord's programs may turn bad while the hook and the check run. Ready requires that they were good
   * after those, too.
   */
  function expectGoodAfter({ fromMs, toMs }: SeenCycle, settled: readonly Era[]): void {
    const ends = [...simulation.hookRuns, ...simulation.checkRuns].filter((run) => run.fromMs >= fromMs && run.toMs <= toMs);
    assert.ok(wasGood(settled, Math.max(fromMs, ...ends.map((run) => run.toMs)), toMs), 'it was not good any more after hook and check');
  }

  function expectOneOf(codes: readonly number[], code: number): void {
    assert.ok(codes.includes(code), `${code} is none of ${codes.join()}`);
  }

  /** A hook that was there after this run of start.sh is missed, and one that never was is not. */
  function expectHookMissed(code: number, { hook }: World): void {
    const last = simulation.hookLooks.at(-1);
    if (hook !== 'absent' || last === undefined || last.isThere) return;
    const before = simulation.hookLooks.filter(({ isThere }) => isThere);
    if (before.length === 0) assert.notEqual(code, 120);
    if (before.at(-1)?.run === last.run) assert.notEqual(code, 0);
  }

  function expectPace(before: SeenCycle, cycle: SeenCycle): void {
    const restedMs = cycle.fromMs - before.toMs;
    const wasAsked = checks.some(({ askedAtMs }) => askedAtMs >= before.fromMs && askedAtMs <= cycle.fromMs);
    const leastMs = wasAsked ? Math.min(longestRestMs, 9 * (before.toMs - before.fromMs)) : restAfter(before);
    assert.ok(restedMs >= Math.min(leastMs, restAfter(before)), `rested only ${restedMs} ms`);
    const wasFrozen = frozenAtMs.some((atMs) => atMs >= before.fromMs && atMs <= cycle.fromMs);
    assert.ok(wasFrozen || restedMs <= restAfter(before) + tickMs, `rested ${restedMs} ms`);
  }

  function staleLimit(cycle: SeenCycle): number {
    const tookMs = cycle.toMs - cycle.fromMs;
    return tookMs > cycleBoundMs + staleMarginMs ? 0 : tookMs + restAfter(cycle) + usualCycleMs + staleMarginMs;
  }

  function restAfter(cycle: SeenCycle): number {
    const run = simulation.hookRuns.find(({ fromMs }) => fromMs >= cycle.fromMs && fromMs <= cycle.toMs);
    const earnedMs = run === undefined ? 0 : 9 * (run.toMs - run.fromMs);
    return Math.max(cycle.code === 0 ? periods.ready : periods.notReady, Math.min(longestRestMs, earnedMs));
  }

  async function take(event: Event): Promise<void> {
    if (event.kind === 'era' || event.kind === 'checked') {
      const before = simulation.world;
      const world = following(before, event.kind === 'era' ? event.world : { ...before, program: event.program, check: event.check });
      simulation.become(world);
      history.push({ fromMs: simulation.nowMs, world });
    } else if (event.kind === 'frozen') {
      frozenAtMs.push(simulation.nowMs);
      simulation.freeze(event.forMs);
      stretchMs += event.forMs;
      frozenMs = Math.max(frozenMs, stretchMs);
      frozenAtMs.push(simulation.nowMs);
      return look();
    } else if (event.kind === 'slow') {
      simulation.rpcMs = event.rpcMs;
      simulation.hookMs = event.hookMs;
      return;
    } else {
      // Timers that were due while frozen fire first, with the time of the last tick.
      await simulation.pass(0);
      const check = { askedAtMs: simulation.nowMs, isAnswered: false };
      checks.push(check);
      void simulation.check().then(
        () => {
          check.isAnswered = true;
        },
        // Stopped already, if the history has failed.
        () => {},
      );
    }
    await pass(event.forMs);
  }

  try {
    await pass(3000);
    for (const event of events) await take(event);
    await pass(quietMs);
    const { world } = history.at(-1) as Era;
    expectOneOf(truths(world), simulation.read().verdict.code);
    assert.equal(simulation.overlaps, 0);
    assert.ok(world.fault !== 'bug' || simulation.bugs > 0, 'a bug was not reported');
  } finally {
    await simulation.stop();
  }
}
