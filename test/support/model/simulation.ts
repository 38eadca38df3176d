import { mock } from 'node:test';
import { createListener } from '../../../daemon/event-listener.ts';
import { Loop } from '../../../daemon/loop.ts';
import { hookPresence, judgeHook } from '../../../daemon/steps/hook/judge.ts';
import { createProgramsStep } from '../../../daemon/steps/programs/programs.ts';
import { Runs } from '../../../daemon/steps/programs/runs.ts';
import { createStartStep, maxCallsPerLook, maxCallsPerRun } from '../../../daemon/steps/start/start.ts';
import type { Stage, StepResult } from '../../../daemon/steps/step.ts';
import { EventFeed, noEvents } from '../../../daemon/supervisor/event-feed.ts';
import { parseProgramChoice } from '../../../daemon/supervisor/names.ts';
import { createView } from '../../../daemon/supervisor/view.ts';
import { createVerdictCache, type Reading } from '../../../daemon/verdict/verdict-cache.ts';
import { checkFailed, programFailed } from '../steps.ts';
import { EventPool } from './event-pool.ts';
import type { Settling, World } from './model.ts';
import { program, rpcTimeoutMs, SimulatedSupervisord, wait } from './supervisord.ts';

export const periods = { ready: 10_000, notReady: 1000 };
export const hookTimeoutMs = 10_000;
export const checkTimeoutMs = 3000;
export const settling: Settling = { firstMs: 1000, againMs: 10_000 };

/** Milliseconds of the simulated clock. What has not ended yet lasts for ever. */
interface Span {
  readonly fromMs: number;
  toMs: number;
}

/** A cycle that has begun. Once it has ended, it has its verdict's code. */
export interface SeenCycle extends Span {
  code: number;
}

/** A published verdict, from a cycle or from an event during one. */
export interface SeenVerdict {
  readonly code: number;
  /** How many looks for a hook had ended by then. */
  readonly hookLooks: number;
}

/**
 * The daemon's own loop, cycle, start step, programs step, cache and freshness in a simulated world on a
 * simulated clock. Only the outside is simulated: supervisord's answers, the hook and a check beside it.
 */
export class Simulation {
  nowMs = 1_000_000;
  #world: World;
  /** How long each answer of supervisord and each run of the hook takes. The check has its own. */
  rpcMs = 10;
  hookMs = 100;
  checkMs = 50;
  readonly cycles: SeenCycle[] = [];
  readonly hookRuns: Span[] = [];
  readonly checkRuns: Span[] = [];
  readonly published: SeenVerdict[] = [];
  /** Each look for a hook, whether there was one, and after which run of start.sh. */
  readonly hookLooks: { readonly isThere: boolean; readonly run: number; readonly atMs: number; hasEnded: boolean }[] = [];
  overlaps = 0;
  bugs = 0;
  /** Time that has passed, but not yet for the timers. */
  #frozenMs = 0;
  /** Where supervisord sends its events. */
  readonly events: EventPool | undefined;
  readonly supervisord: SimulatedSupervisord;
  readonly #cache = createVerdictCache(() => this.nowMs);
  readonly #loop;
  readonly #presence;

  /**
   * @param hasPrograms - a program must be running; else there is no such step, and supervisord need not be
   * asked when nothing is told
   */
  constructor(world: World, hasEvents = false, hasPrograms = true) {
    this.#world = world;
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    this.events = hasEvents ? new EventPool() : undefined;
    this.supervisord = new SimulatedSupervisord(this, this.events);
    const now = () => this.nowMs;
    const feed = hasEvents ? new EventFeed(now) : undefined;
    const runs = new Runs(settling.againMs);
    const view = createView(this.supervisord, now, (processes, askedAtMs, answeredAtMs) =>
      runs.observe(processes, askedAtMs, answeredAtMs),
    );
    const start = createStartStep(view, undefined, now, feed ?? noEvents, hasPrograms);
    const programs = createProgramsStep(
      { choice: parseProgramChoice(program), wanted: 'running', fail: programFailed },
      { snapshot: view.snapshot, runs, isLeftOut: (one) => start.mayBeStart(one) },
    );
    this.#presence = hookPresence('/hook', false, start.lastRun);
    const startWorstMs = (hasEvents ? maxCallsPerRun : maxCallsPerLook) * rpcTimeoutMs;
    const hookBoundMs = hookTimeoutMs + 1200;
    const stages: Stage[] = [
      [{ name: 'mark', run: () => this.#beginCycle(), boundMs: 0 }],
      [{ ...start, name: 'start', boundMs: rpcTimeoutMs, worstMs: startWorstMs, lookAgain: true }],
      [
        { name: 'hook', run: () => this.#runHook(), boundMs: hookBoundMs, worstMs: 2 * hookBoundMs, restFactor: 9 },
        ...(hasPrograms ? [{ name: 'programs', run: programs.run, boundMs: 0, lookAgain: true, notYet }] : []),
        { name: 'check', run: () => this.#runCheck(), boundMs: checkTimeoutMs },
      ],
    ];
    this.#loop = new Loop({
      stages,
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
        // What events report comes between.
        if (cycle.steps[0]?.name === 'mark') Object.assign(this.cycles.at(-1) ?? {}, { code: cycle.verdict.code });
        this.published.push({ code: cycle.verdict.code, hookLooks: this.hookLooks.filter(({ hasEnded }) => hasEnded).length });
        this.#cache.publish(cycle);
      },
      onBug: () => {
        this.bugs++;
      },
    });
    const { pipes } = this.events ?? {};
    const watchers = [{ step: 'start', ...start }, ...(hasPrograms ? [{ step: 'programs', ...programs }] : [])];
    if (pipes !== undefined) feed?.listen(pipes.input, pipes.output, createListener(this.#loop, watchers, silent, now));
  }

  get world(): World {
    return this.#world;
  }

  become(world: World): void {
    this.#world = world;
    this.supervisord.changeProgram();
  }

  /** What a probe would be shown now. */
  read(): Reading {
    return this.#cache.read();
  }

  check(): Promise<void> {
    return this.#loop.check();
  }

  /** Lets time pass, and everything that is due happen. */
  async pass(ms: number): Promise<void> {
    // What was due while it was frozen fires first.
    mock.timers.tick(this.#frozenMs);
    this.#frozenMs = 0;
    await settle();
    this.nowMs += ms;
    mock.timers.tick(ms);
    await settle();
  }

  /** Time passes, but the daemon does not run: it was stopped by a signal, or the host has no time for it. */
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

  /** A hook's result is decided when it starts. A file that is put in its place later is another hook. */
  async #runHook(): Promise<StepResult> {
    const { hook } = this.world;
    const look = { isThere: hook !== 'absent', run: this.supervisord.run, atMs: this.nowMs, hasEnded: false };
    this.hookLooks.push(look);
    const result = await this.#lookForHook(hook);
    look.hasEnded = true;
    return result;
  }

  async #lookForHook(hook: World['hook']): Promise<StepResult> {
    const missed = this.#presence(hook === 'absent');
    if (missed !== undefined) return missed;
    if (hook === 'absent') return { outcome: 'skipped', message: 'no hook' };
    if (hook === 'not executable') return judgeHook({ kind: 'not executable', why: { trouble: 'no-x' } }, ownHook);
    await this.#take(this.hookRuns, hook === 'hanging' ? hookTimeoutMs : this.hookMs);
    if (hook === 'hanging') return judgeHook({ kind: 'timed out', isAlive: false, output: '' }, ownHook);
    if (hook === 'failing') return judgeHook({ kind: 'exited', code: 17, output: '' }, ownHook);
    return { outcome: 'passed', message: 'hook passed' };
  }

  /** As with the hook. */
  async #runCheck(): Promise<StepResult> {
    const { check } = this.world;
    if (check === 'none') return { outcome: 'skipped', message: 'no check' };
    await this.#take(this.checkRuns, check === 'hanging' ? checkTimeoutMs : this.checkMs);
    return check === 'good' ? { outcome: 'passed', message: 'check passed' } : checkFailed;
  }

  async #take(runs: Span[], ms: number): Promise<void> {
    const run = { fromMs: this.nowMs, toMs: Number.POSITIVE_INFINITY };
    if (runs.at(-1)?.toMs === Number.POSITIVE_INFINITY) this.overlaps++;
    runs.push(run);
    await wait(ms);
    run.toMs = this.nowMs;
  }
}

const ownHook = { path: '/hook', timeoutMs: hookTimeoutMs };

function notYet(found: string): StepResult {
  return programFailed({ kind: 'programs-hook-rests', found });
}

const silent = { debug() {}, warn() {} };

/** Lets all promises settle that can. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
