import { createStartStep } from '../../daemon/steps/start/start.ts';
import type { StepResult } from '../../daemon/steps/step.ts';
import type { ProcessConfig, ProcessInfo, SupervisorClient } from '../../daemon/supervisor/client.ts';
import type { EventFlow } from '../../daemon/supervisor/event-feed.ts';
import { parseProgramNames } from '../../daemon/supervisor/names.ts';

/** supervisord's states. */
export const running = 20;
export const exited = 100;

/** A process as supervisord reports it. By default it has exited with code 0. */
export function live(name: string, more: Partial<ProcessInfo> = {}): ProcessInfo {
  return { name, group: name, state: exited, pid: 0, start: 100, stop: 200, exitstatus: 0, spawnerr: '', logs: '', now: 1000, ...more };
}

/** A section of the configuration. */
export function configured(name: string, command: string | undefined, more: Partial<ProcessConfig> = {}): ProcessConfig {
  return { name, group: name, command, ...more };
}

/** What is known of the events that a test sends. */
class FakeFlow implements EventFlow {
  isFlowing = false;
  isAnswered = true;
  count = 0;
  mark = () => (this.isFlowing && this.isAnswered ? this.count : Number.NaN);
  isQuietSince = (mark: number) => this.mark() === mark;
}

/** A supervisord whose answers the test sets. It counts how often the configuration is read. */
export class FakeSupervisor implements SupervisorClient {
  processes: ProcessInfo[] = [];
  configs: ProcessConfig[] = [];
  processReads = 0;
  configReads = 0;
  readonly signals = new Set<AbortSignal>();
  onProcessRead = () => {};
  onConfigRead = () => {};
  #nowMs = 0;
  now = () => this.#nowMs;
  readonly events = new FakeFlow();
  readonly step;

  /** @param named - READINESSD_START_PROGRAMS */
  constructor(named?: string) {
    this.step = createStartStep(this, named === undefined ? undefined : parseProgramNames(named), () => this.now(), this.events);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** Sets the one process, and what the configuration says that it runs. */
  show(process: ProcessInfo, command: string | undefined): void {
    this.processes = [process];
    this.configs = [configured(process.name, command)];
  }

  async getAllProcessInfo(signal: AbortSignal): Promise<ProcessInfo[]> {
    this.signals.add(signal);
    this.processReads++;
    this.onProcessRead();
    return this.processes;
  }

  async getAllConfigInfo(signal: AbortSignal): Promise<ProcessConfig[]> {
    this.signals.add(signal);
    this.configReads++;
    const { configs } = this;
    // Not at once, as a real supervisord.
    await Promise.resolve();
    this.onConfigRead();
    return configs;
  }

  /** Sends an event of a process, or of its group. */
  hear(name: string, program: string, mayBeOver = false) {
    this.events.count++;
    return this.step.hear({ name, poolSerial: this.events.count, fields: { processname: program, groupname: program } }, mayBeOver);
  }

  look(isDemanded = false): Promise<StepResult> {
    return this.step.run(new AbortController().signal, isDemanded);
  }

  /** The code of a look, so long after the last one that the configuration is read again. */
  async code(): Promise<number> {
    this.#nowMs += 15_000;
    const result = await this.step.run(new AbortController().signal);
    return result.outcome === 'failed' ? result.code : 0;
  }
}
