import { mock } from 'node:test';
import { createListener } from '../../../daemon/listener.ts';
import { Loop } from '../../../daemon/loop.ts';
import { hookPresence } from '../../../daemon/steps/hook/judge.ts';
import { createStartStep, maxCallsPerLook, maxCallsPerRun } from '../../../daemon/steps/start/start.ts';
import { failed, type Step, type StepResult } from '../../../daemon/steps/step.ts';
import { EventFeed, noEvents } from '../../../daemon/supervisor/event-feed.ts';
import { createVerdictCache, type Reading } from '../../../daemon/verdict-cache.ts';
import { EventPool } from './event-pool.ts';
import type { World } from './model.ts';
import { rpcTimeoutMs, SimulatedSupervisord, wait } from './supervisord.ts';

export const periods = { ready: 10_000, notReady: 1000 };
export const hookTimeoutMs = 10_000;

/** Milliseconds of the simulated clock; what has not ended yet lasts for ever. */
interface Span {
  readonly fromMs: number;
  toMs: number;
}

/** A cycle that has begun, and once it has ended its verdict's code. */
export interface SeenCycle extends Span {
  code: number;
}

/**
 * The daemon's own loop, cycle, start step, cache and freshness in a simulated world on a simulated clock. Only what is
 * outside of the daemon is feigned: supervisord's answers and the hook.
 */
export class Simulation {
  nowMs = 1_000_000;
  world: World;
  /** How long each answer of supervisord, and each run of the hook, takes. */
  rpcMs = 10;
  hookMs = 100;
  readonly cycles: SeenCycle[] = [];
  readonly hookRuns: Span[] = [];
  /** Each look for a hook, whether there was one, and after which run of start.sh. */
  readonly hookLooks: { readonly isThere: boolean; readonly run: number }[] = [];
  overlaps = 0;
  bugs = 0;
  /** That the timers have not been told of. */
  #frozenMs = 0;
  /** Where supervisord tells what happens. */
  readonly events: EventPool | undefined;
  readonly supervisord: SimulatedSupervisord;
  readonly #cache = createVerdictCache(() => this.nowMs);
  readonly #loop;
  readonly #presence;

  constructor(world: World, hasEvents = false) {
    this.world = world;
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    this.events = hasEvents ? new EventPool() : undefined;
    this.supervisord = new SimulatedSupervisord(this, this.events);
    const now = () => this.nowMs;
    const feed = hasEvents ? new EventFeed(now) : undefined;
    const start = createStartStep(this.supervisord, undefined, now, feed ?? noEvents);
    this.#presence = hookPresence('/hook', false, start.lastRun);
    const steps: Step[] = [
      { name: 'mark', run: () => this.#beginCycle(), boundMs: 0 },
      {
        name: 'start',
        run: start.run,
        boundMs: rpcTimeoutMs,
        worstMs: (hasEvents ? maxCallsPerRun : maxCallsPerLook) * rpcTimeoutMs,
        lookAgain: true,
        isCurrent: start.isCurrent,
      },
      { name: 'hook', run: () => this.#runHook(), boundMs: hookTimeoutMs + 1200, worstMs: 2 * (hookTimeoutMs + 1200), restFactor: 9 },
    ];
    this.#loop = new Loop({
      stages: steps.map((step) => [step]),
      periodReadyMs: periods.ready,
      periodNotReadyMs: periods.notReady,
      staleLimitMs: undefined,
      now: () => this.nowMs,
      onBegin: () => {
        feed?.watch();
        this.#cache.begin();
      },
      onAlive: this.#cache.alive,
      onEnd: () => {
        Object.assign(this.cycles.at(-1) ?? {}, { toMs: this.nowMs });
        this.#cache.end();
      },
      onCycle: (cycle) => {
        // What events tell comes between.
        if (cycle.steps[0]?.name === 'mark') Object.assign(this.cycles.at(-1) ?? {}, { code: cycle.verdict.code });
        this.#cache.publish(cycle);
      },
      onBug: () => {
        this.bugs++;
      },
    });
    const { pipes } = this.events ?? {};
    if (pipes !== undefined)
      feed?.listen(pipes.input, pipes.output, createListener(this.#loop, [{ step: 'start', ...start }], silent, now));
  }

  /** What a probe would be shown now. */
  read(): Reading {
    return this.#cache.read();
  }

  check(): Promise<void> {
    return this.#loop.check();
  }

  /** Lets time pass and everything happen that is due. */
  async pass(ms: number): Promise<void> {
    // What was due while frozen fires first.
    mock.timers.tick(this.#frozenMs);
    this.#frozenMs = 0;
    await settle();
    this.nowMs += ms;
    mock.timers.tick(ms);
    await settle();
  }

  /** Time passes, but the daemon does not get to run: stopped by a signal, or by a host without time for it. */
  freeze(ms: number): void {
    this.nowMs += ms;
    this.#frozenMs += ms;
  }

  async stop(): Promise<void> {
    const stopped = this.#loop.stop();
    // What a step still waits for comes at once.
    for (let i = 0; i < 200; i++) await this.pass(1000);
    await stopped;
    mock.timers.reset();
  }

  async #beginCycle(): Promise<StepResult> {
    if (this.cycles.at(-1)?.toMs === Number.POSITIVE_INFINITY) this.overlaps++;
    this.cycles.push({ fromMs: this.nowMs, toMs: Number.POSITIVE_INFINITY, code: Number.NaN });
    return { outcome: 'skipped', message: '' };
  }

  /** What a hook says is decided when it is started: what is put in its place later is another one. */
  async #runHook(): Promise<StepResult> {
    const { hook } = this.world;
    this.hookLooks.push({ isThere: hook !== 'absent', run: this.supervisord.run });
    const missed = this.#presence(hook === 'absent');
    if (missed !== undefined) return missed;
    if (hook === 'absent') return { outcome: 'skipped', message: 'no hook' };
    if (hook === 'not executable') return failed('HookNotExecutable', 'hook is not executable');
    const run = { fromMs: this.nowMs, toMs: Number.POSITIVE_INFINITY };
    if (this.hookRuns.at(-1)?.toMs === Number.POSITIVE_INFINITY) this.overlaps++;
    this.hookRuns.push(run);
    await wait(hook === 'hanging' ? hookTimeoutMs : this.hookMs);
    run.toMs = this.nowMs;
    if (hook === 'hanging') return failed('HookTimeout', 'hook ran too long');
    if (hook === 'failing') return { outcome: 'failed', code: 17, reason: 'HookFailed', message: 'hook failed' };
    return { outcome: 'passed', message: 'hook passed' };
  }
}

const silent = { debug() {}, warn() {} };

/** Lets all promises that can settle do so. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
