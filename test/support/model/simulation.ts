import { mock } from 'node:test';
import { Loop } from '../../../daemon/loop.ts';
import { hookPresence } from '../../../daemon/steps/hook/judge.ts';
import { createStartStep, maxCallsPerLook } from '../../../daemon/steps/start/start.ts';
import { failed, type Step, type StepResult } from '../../../daemon/steps/step.ts';
import type { ProcessConfig, ProcessInfo, SupervisorClient } from '../../../daemon/supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../../daemon/supervisor/errors.ts';
import { createVerdictCache, type Reading } from '../../../daemon/verdict-cache.ts';
import type { World } from './model.ts';

export const periods = { ready: 10_000, notReady: 1000 };
export const rpcTimeoutMs = 2000;
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
  readonly #supervisord = new SimulatedSupervisord(this);
  readonly #cache = createVerdictCache(() => this.nowMs);
  readonly #loop;
  readonly #presence;

  constructor(world: World) {
    this.world = world;
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    const start = createStartStep(this.#supervisord, undefined, () => this.nowMs);
    this.#presence = hookPresence('/hook', false, start.lastRun);
    const steps: Step[] = [
      { name: 'mark', run: () => this.#beginCycle(), boundMs: 0 },
      {
        name: 'start',
        run: start.run,
        boundMs: rpcTimeoutMs,
        worstMs: maxCallsPerLook * rpcTimeoutMs,
        lookAgain: true,
      },
      { name: 'hook', run: () => this.#runHook(), boundMs: hookTimeoutMs + 1200, worstMs: 2 * (hookTimeoutMs + 1200), restFactor: 9 },
    ];
    this.#loop = new Loop({
      steps,
      periodReadyMs: periods.ready,
      periodNotReadyMs: periods.notReady,
      staleLimitMs: undefined,
      now: () => this.nowMs,
      onBegin: this.#cache.begin,
      onAlive: this.#cache.alive,
      onEnd: this.#cache.end,
      onCycle: (cycle) => {
        Object.assign(this.cycles.at(-1) ?? {}, { toMs: this.nowMs, code: cycle.verdict.code });
        this.#cache.publish(cycle);
      },
      onBug: () => {
        this.bugs++;
      },
    });
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
    this.hookLooks.push({ isThere: hook !== 'absent', run: this.#supervisord.run });
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

const service = { name: 'web', group: 'web', state: 20, pid: 5, start: 1, stop: 0, exitstatus: 0, spawnerr: '', logs: '' };

/** supervisord with a service, and one start.sh or none; each call is a turn of its loop. */
class SimulatedSupervisord implements SupervisorClient {
  readonly #simulation: Simulation;
  #startedAt = 0;
  #stoppedAt = 0;
  #was: World['start'] = 'absent';
  /** How often start.sh has been run. */
  run = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  async getAllProcessInfo(): Promise<ProcessInfo[]> {
    await this.#answer();
    const now = Math.floor(this.#simulation.nowMs / 1000);
    const { start } = this.#simulation.world;
    const isNewRun = start !== this.#was || start === 'restarting';
    if (isNewRun) {
      this.#startedAt = now;
      this.#stoppedAt = now;
      this.run++;
    }
    this.#was = start;
    const info = {
      name: 'init',
      group: 'init',
      pid: 0,
      start: this.#startedAt,
      stop: this.#stoppedAt,
      now,
      exitstatus: 0,
      spawnerr: '',
      logs: '',
    };
    return [{ ...service, now }, ...this.#startProcess(info, start)];
  }

  #startProcess(info: Omit<ProcessInfo, 'state'>, start: World['start']): ProcessInfo[] {
    switch (start) {
      case 'absent':
        return [];
      case 'never started':
        return [{ ...info, state: 0, start: 0, stop: 0 }];
      case 'running':
        return [{ ...info, state: 20, pid: 7 }];
      case 'failed':
        return [{ ...info, state: 100, exitstatus: 3 }];
      case 'fatal':
        return [{ ...info, state: 200 }];
      case 'stopped':
        return [{ ...info, state: 0 }];
      default:
        return [{ ...info, state: 100 }];
    }
  }

  async getAllConfigInfo(): Promise<ProcessConfig[]> {
    await this.#answer();
    const { start, config } = this.#simulation.world;
    if (config === 'sections dropped') return [];
    const command = config === 'service made start.sh' ? '/x/start.sh' : 'nginx';
    const more = config === 'start.sh added' ? ['more'] : [];
    return [
      { name: 'web', group: 'web', command },
      ...[...more, ...(start === 'absent' ? [] : ['init'])].map((name) => ({ name, group: name, command: '/usr/bin/start.sh' })),
    ];
  }

  async #answer(): Promise<void> {
    const { rpcMs } = this.#simulation;
    await wait(rpcMs);
    const { fault } = this.#simulation.world;
    if (fault === 'supervisord silent') {
      await wait(rpcTimeoutMs - rpcMs);
      throw new SupervisorUnreachableError('no answer');
    }
    if (fault === 'supervisord gone') throw new SupervisorUnreachableError('connection refused');
    if (fault === 'supervisord talks nonsense') throw new SupervisorBadReplyError('cannot be read');
    if (fault === 'bug') throw new TypeError('a bug');
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Lets all promises that can settle do so. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
