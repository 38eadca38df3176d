import { eventText, FakePipes, ofProcess } from '../events.ts';

/** Ways in which events get lost or come out of order. */
export type EventFault = 'none' | 'storm' | 'doubled' | 'swapped' | 'stopped' | 'counted anew';

/** A storm overflows it. */
const bufferSize = 8;
const eventsPerStormyTurn = 3;

const tickPeriodMs = 60_000;

/** supervisord's buffer for a listener. It sends one waiting event when the last one is answered. */
export class EventPool {
  fault: EventFault = 'none';
  /** Called when the listener has answered. */
  onAnswer = () => {};
  /** The daemon's stdin and stdout. */
  readonly pipes: FakePipes;
  #waiting: { readonly serial: number; readonly name: string; readonly payload: string }[] = [];
  #serial = 0;
  #isReady = false;
  /** What is in the pipe and not read. */
  #sent = '';

  constructor() {
    this.pipes = new FakePipes(() => {
      this.#isReady = true;
      this.onAnswer();
    });
    setInterval(() => this.accept('TICK_60', 'when:60'), tickPeriodMs);
  }

  /** An event happens. */
  accept(name: string, payload: string): void {
    if (this.fault === 'counted anew') this.#serial = 0;
    this.#waiting.push({ serial: ++this.#serial, name, payload });
    if (this.#waiting.length > bufferSize) this.#waiting.shift();
  }

  /** supervisord's turn to send an event. */
  dispatch(): void {
    if (this.fault === 'storm') {
      for (let i = 0; i < eventsPerStormyTurn; i++) this.accept('PROCESS_STATE_EXITED', ofProcess('service'));
    }
    if (this.fault === 'stopped' || !this.#isReady) return;
    if (this.fault === 'swapped') this.#waiting.splice(0, 2, ...this.#waiting.slice(0, 2).reverse());
    const [event] = this.#waiting;
    if (event === undefined) return;
    if (this.fault === 'doubled') this.fault = 'none';
    else this.#waiting.shift();
    this.#isReady = false;
    this.#sent += eventText(event.name, event.serial, event.payload);
    setTimeout(() => this.deliver(), 1);
  }

  /** The daemon reads it, at the latest before it is answered by a later turn. */
  deliver(): void {
    const text = this.#sent;
    this.#sent = '';
    if (text !== '') this.pipes.send(text);
  }
}
