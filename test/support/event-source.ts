import type { TestDaemon } from './daemon.ts';
import { eventText, ofProcess } from './events.ts';
import { collect } from './run.ts';
import { until } from './scratch.ts';

/** What an event listener says when it is ready, and then for each event. */
const protocol = /^READY\n(RESULT 2\nOKREADY\n)*$/;

/** supervisord's side of an event listener, over the pipes of a daemon of the form 'events' that has no supervisord. */
export class EventSource {
  /** All that the daemon has written to its stdout. */
  readonly output: () => string;
  readonly #daemon: TestDaemon;
  #serial = 0;

  constructor(daemon: TestDaemon) {
    this.#daemon = daemon;
    this.output = collect(daemon.child, 'stdout');
    daemon.child.stdin?.on('error', () => {});
  }

  /** How many events it has answered. */
  get answers(): number {
    return this.output().match(/RESULT 2\nOK/g)?.length ?? 0;
  }

  get isProtocol(): boolean {
    return protocol.test(this.output());
  }

  /** Sends an event as supervisord writes it, and waits for nothing. */
  send(name: string, payload: string, serial = this.#serial + 1): void {
    this.#serial = serial;
    this.write(eventText(name, serial, payload));
  }

  /** The same, and waits until it is answered. */
  async tell(name: string, payload: string, serial?: number): Promise<void> {
    const { answers } = this;
    this.send(name, payload, serial);
    await until(`${name} is answered`, () => this.answers > answers);
  }

  write(text: string): void {
    this.#daemon.child.stdin?.write(text);
  }
}

export const tick = ['TICK_60', 'when:1700000000'] as const;

/** The event of a program's change of state. */
export function changed(program: string, state: string, from = 'EXITED'): readonly [name: string, payload: string] {
  return [`PROCESS_STATE_${state}`, ofProcess(program, `from_state:${from} pid:7`)];
}
