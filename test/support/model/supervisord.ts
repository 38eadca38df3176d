import type { ProcessConfig, ProcessInfo, SupervisorClient } from '../../../daemon/supervisor/client.ts';
import { SupervisorBadReplyError, SupervisorUnreachableError } from '../../../daemon/supervisor/errors.ts';
import { ofProcess } from '../events.ts';
import type { EventPool } from './event-pool.ts';
import type { Look, World } from './model.ts';

export const rpcTimeoutMs = 2000;

const url = 'unix:///var/run/supervisor.sock';

/** With nothing to do supervisord waits this long in its poll. */
const idleTurnMs = 1000;

const service = { name: 'service', group: 'service', state: 20, pid: 5, start: 1, stop: 0, exitstatus: 0, spawnerr: '', logs: '' };

/** The program that must be running. */
export const program = 'web';

/** Its first run began before the daemon did. */
const firstRun = { pid: 100, start: 1, stop: 0 };

/** The world outside of supervisord. */
export interface Surroundings {
  readonly nowMs: number;
  readonly world: World;
  /** How long an answer takes. */
  readonly rpcMs: number;
}

/**
 * supervisord with a service, a program that must be running, and perhaps a start.sh. It does everything in
 * turns of its loop, like the real one: it reads and answers, sends a listener one event, then starts
 * programs that are due and reaps those that have ended. Only the program is stopped and started at the very
 * moment when somebody asks.
 */
export class SimulatedSupervisord implements SupervisorClient {
  readonly #surroundings: Surroundings;
  readonly #pool: EventPool | undefined;
  #startedAt = 0;
  #stoppedAt = 0;
  #was: World['start'];
  #program: World['program'];
  #programRun = firstRun;
  #lastPid = firstRun.pid;
  /** When it was asked for its processes, and answered. */
  readonly looks: Look[] = [];
  /** How often start.sh has run. */
  run = 0;
  /** How often it was asked. */
  calls = 0;

  constructor(surroundings: Surroundings, pool?: EventPool) {
    this.#surroundings = surroundings;
    this.#pool = pool;
    this.#was = 'absent';
    this.#program = surroundings.world.program;
    if (this.#program === 'stopped') this.#programRun = { ...firstRun, pid: 0, stop: this.#seconds };
    if (pool === undefined) return;
    pool.onAnswer = () => setTimeout(() => this.#turn(), 1);
    setInterval(() => this.#turn(), idleTurnMs);
  }

  async getAllProcessInfo(): Promise<ProcessInfo[]> {
    const fromMs = this.#surroundings.nowMs;
    await this.#beAsked();
    this.looks.push({ fromMs, toMs: this.#surroundings.nowMs });
    return this.#turn(() => this.#processes());
  }

  async getAllConfigInfo(): Promise<ProcessConfig[]> {
    await this.#beAsked();
    return this.#turn(() => this.#configs());
  }

  /** Makes the program what the world says. */
  changeProgram(): void {
    const { world } = this.#surroundings;
    if (world.fault === 'supervisord silent' || world.program === this.#program) return;
    const isStopped = this.#program === 'stopped';
    this.#program = world.program;
    if (!isStopped) this.#endProgram(world.program === 'stopped' ? ['STOPPING', 'STOPPED'] : ['EXITED']);
    if (world.program !== 'stopped') this.#startProgram();
  }

  #endProgram(events: readonly string[]): void {
    this.#programRun = { ...this.#programRun, pid: 0, stop: this.#seconds };
    this.#tell(program, events);
  }

  #startProgram(): void {
    this.#lastPid++;
    this.#programRun = { ...this.#programRun, pid: this.#lastPid, start: this.#seconds };
    this.#tell(program, begun);
  }

  /** The program ends once a second, and is started again. */
  #crash(): void {
    if (this.#program !== 'crashing' || this.#programRun.start === this.#seconds) return;
    this.#endProgram(['EXITED']);
    this.#startProgram();
  }

  #tell(name: string, events: readonly string[]): void {
    for (const event of events) this.#pool?.accept(`PROCESS_STATE_${event}`, ofProcess(name));
  }

  get #seconds(): number {
    return Math.floor(this.#surroundings.nowMs / 1000);
  }

  /** While frozen, it does nothing, and its answer is never used. */
  #turn<T>(answer: () => T = () => undefined as T): T {
    this.#pool?.deliver();
    if (this.#surroundings.world.fault === 'supervisord silent') return undefined as T;
    this.#see();
    this.#crash();
    const answered = answer();
    this.#pool?.dispatch();
    if (this.#was === 'restarting') this.#startAgain();
    return answered;
  }

  #processes(): ProcessInfo[] {
    const now = this.#seconds;
    const times = { start: this.#startedAt, stop: this.#stoppedAt, now };
    const info = { name: 'init', group: 'init', pid: 0, ...times, exitstatus: 0, spawnerr: '', logs: '' };
    const web = { ...service, ...this.#programRun, name: program, group: program, state: this.#program === 'stopped' ? 0 : 20 };
    return [{ ...service, now }, { ...web, now }, ...startProcess(info, this.#was)];
  }

  #configs(): ProcessConfig[] {
    const { start, config } = this.#surroundings.world;
    if (config === 'sections dropped') return [];
    const command = config === 'service made start.sh' ? '/x/start.sh' : 'cron';
    const more = config === 'start.sh added' ? ['more'] : [];
    return [
      { name: 'service', group: 'service', command },
      { name: program, group: program, command: 'nginx' },
      ...[...more, ...(start === 'absent' ? [] : ['init'])].map((name) => ({ name, group: name, command: '/usr/bin/start.sh' })),
    ];
  }

  /** Makes start.sh what the world says, and sends the events. */
  #see(): void {
    const { start } = this.#surroundings.world;
    if (start === this.#was) return;
    const was = this.#was;
    this.#was = start;
    if (start === 'absent' || start === 'never started') {
      if (was !== 'absent') this.#pool?.accept('PROCESS_GROUP_REMOVED', 'groupname:init\n');
      if (start !== 'absent') this.#pool?.accept('PROCESS_GROUP_ADDED', 'groupname:init\n');
      return;
    }
    if (was === 'absent') this.#pool?.accept('PROCESS_GROUP_ADDED', 'groupname:init\n');
    this.#startAgain(was === 'running' ? endOf[start] : [...begun, ...endOf[start]]);
  }

  #startAgain(events: readonly string[] = [...begun, ...endOf.good]): void {
    this.#startedAt = this.#seconds;
    this.#stoppedAt = this.#seconds;
    this.run++;
    this.#tell('init', events);
  }

  async #beAsked(): Promise<void> {
    this.calls++;
    const { rpcMs } = this.#surroundings;
    await wait(rpcMs);
    const { fault } = this.#surroundings.world;
    if (fault === 'supervisord silent') {
      await wait(rpcTimeoutMs - rpcMs);
      throw new SupervisorUnreachableError({ kind: 'supervisord-silent', url, timeoutMs: rpcTimeoutMs });
    }
    if (fault === 'supervisord gone') {
      throw new SupervisorUnreachableError({ kind: 'supervisord-unreachable', url, why: 'connection refused' });
    }
    if (fault === 'supervisord talks nonsense') {
      throw new SupervisorBadReplyError({ kind: 'supervisord-unreadable', why: 'no XML' });
    }
    if (fault === 'bug') throw new TypeError('a bug');
  }
}

const begun = ['STARTING', 'RUNNING'];

/** The events of the end of a run. */
const endOf: Readonly<Record<World['start'], readonly string[]>> = {
  absent: [],
  'never started': [],
  running: [],
  good: ['EXITED'],
  failed: ['EXITED'],
  restarting: ['EXITED'],
  fatal: ['BACKOFF', 'FATAL'],
  stopped: ['STOPPING', 'STOPPED'],
};

function startProcess(info: Omit<ProcessInfo, 'state'>, start: World['start']): ProcessInfo[] {
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

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
