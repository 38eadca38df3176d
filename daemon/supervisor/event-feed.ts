import type { Readable, Writable } from 'node:stream';
import { TokenBucket } from '../rate/token-bucket.ts';
import { EventParser, type SupervisorEvent } from './event-parser.ts';
import type { ProcessName } from './names.ts';

/** What the steps may ask about the flow of events. How events arrive does not concern them. */
export interface EventFlow {
  /**
   * Marks a moment. NaN when events do not flow, and also while an event is unanswered, because
   * supervisord then holds back later ones.
   */
  mark(): number;
  /** Whether no event at all has come since a mark. */
  isQuietSince(mark: number): boolean;
}

/** For a daemon that gets no events. */
export const noEvents: EventFlow = { mark: () => Number.NaN, isQuietSince: () => false };

/** `waiting` until it is proven that events flow, `flowing`, or `stopped`. */
export type FlowState = 'waiting' | 'flowing' | 'stopped';

export interface Listener {
  /** @param mayBeOver - the event is from before this event listener was RUNNING, so more may have happened since */
  onEvent(event: SupervisorEvent, mayBeOver: boolean): void;
  /** An event was lost, or no more will come: do not build on earlier events. */
  onBreak(why: string): void;
}

/** supervisord sends TICK_60 every minute. Its clock may be slewed, and it may be busy. */
const maxSilenceMs = 75_000;

/** Of events. A program that crashes in a loop causes some 10 a second, and one costs 0.1 ms. */
const rate = { burst: 2000, perSecond: 300 };

/** Garbage costs more time than an event, and is not from supervisord. */
const costOfGarbage = 20;

/** Tells supervisord that the event was handled and that the next one may come. */
const ready = 'READY\n';
const answer = `RESULT 2\nOK${ready}`;

/** Receives supervisord's events on stdin and answers them on stdout, as an event listener does. */
export class EventFeed implements EventFlow {
  readonly #now: () => number;
  readonly #own: ProcessName | undefined;
  readonly #parser = new EventParser();
  #listener: Listener | undefined;
  #output: Writable | undefined;
  #lastSerial: number | undefined;
  #lastAtMs: number | undefined;
  #hasToldOfStart = false;
  #hasEnded = false;
  /** Nothing odd has come since the last event. */
  #isInOrder = true;
  /** An event is not answered yet. */
  #isOwing = false;
  #isUpToDate;
  /** With numprocs= above 1, supervisord sends each event to only one of the processes. */
  readonly #isAlone;
  #wasStopped = false;
  #count = 0;
  readonly #bucket;

  /**
   * @param now - the monotonic clock, milliseconds
   * @param own - this process under supervisord. It gets no event until it is RUNNING, a second or
   * two after its start. Then it first gets those that were kept for it.
   */
  constructor(now: () => number, own?: ProcessName) {
    this.#now = now;
    this.#own = own;
    this.#isUpToDate = own === undefined;
    this.#isAlone = own === undefined || own.name === own.group;
    this.#bucket = new TokenBucket({ ...rate, now });
  }

  /** Begins to listen. Each event is answered before it is acted on. */
  listen(input: Readable, output: Writable, listener: Listener): void {
    this.#listener = listener;
    this.#output = output;
    input.on('data', (chunk: Buffer) => this.#receive(chunk));
    input.on('end', () => this.#end('stdin was closed'));
    input.on('error', ({ message }) => this.#end(`stdin cannot be read: ${message}`));
    output.on('error', ({ message }) => this.#end(`stdout cannot be written: ${message}`));
    output.write(ready);
  }

  get count(): number {
    return this.#count;
  }

  /** Milliseconds since the last event; undefined before the first. */
  get silentForMs(): number | undefined {
    return this.#lastAtMs === undefined ? undefined : this.#now() - this.#lastAtMs;
  }

  get state(): FlowState {
    if (this.#hasEnded) return 'stopped';
    if (this.#lastAtMs === undefined || !this.#hasToldOfStart || !this.#isInOrder || !this.#isAlone) return 'waiting';
    return this.#now() - this.#lastAtMs <= maxSilenceMs ? 'flowing' : 'stopped';
  }

  /**
   * Whether supervisord is known to report what happens. For this it has reported the start of a
   * program (the daemon's own, for example), so events= in the section has PROCESS_STATE. And it
   * has sent something lately, at least a tick.
   */
  flows(): boolean {
    return this.state === 'flowing';
  }

  mark(): number {
    return this.#isSettled() ? this.#count : Number.NaN;
  }

  isQuietSince(mark: number): boolean {
    return this.#isSettled() && this.#count === mark;
  }

  /** To be called from time to time: notices when events just stop. */
  watch(): void {
    const hasStopped = this.state === 'stopped';
    if (hasStopped && !this.#wasStopped && !this.#hasEnded) this.#listener?.onBreak(`none came for ${maxSilenceMs / 1000} s`);
    this.#wasStopped = hasStopped;
  }

  #isSettled(): boolean {
    return this.flows() && this.#parser.isBetweenEvents && !this.#isOwing && this.#output?.writableLength === 0;
  }

  #receive(chunk: Buffer): void {
    // Not worth parsing: supervisord sends nothing while it waits for an answer; and once the
    // bucket is empty, a chunk without "ver:" is only garbage. But it must be read, because
    // supervisord dies when an event listener's stdin is full (4.2.5).
    if (this.#isOwing || (this.#bucket.left <= 0 && !chunk.includes('ver:'))) {
      this.#break('what came on stdin is no event');
      return;
    }
    for (const event of this.#parser.push(chunk)) {
      if (this.#isOwing) return;
      this.#bucket.spend(event === 'garbage' ? costOfGarbage : 1);
      if (event === 'garbage') {
        this.#break('what came on stdin is no event');
        continue;
      }
      this.#count++;
      this.#lastAtMs = this.#now();
      this.#hasToldOfStart ||= event.name === 'PROCESS_STATE_STARTING';
      this.#answer();
      // supervisord drops its oldest events when its buffer is full, and repeats one that nobody
      // answered.
      const isNext = this.#lastSerial === undefined || event.poolSerial === this.#lastSerial + 1;
      this.#lastSerial = event.poolSerial;
      if (isNext) this.#isInOrder = true;
      else this.#break('some were lost');
      const mayBeOver = !this.#isUpToDate;
      this.#isUpToDate ||= isOwnStart(event, this.#own) || event.name === 'TICK_60';
      this.#listener?.onEvent(event, mayBeOver);
    }
  }

  /**
   * Answers late when there are thousands of events: they then wait in supervisord's buffer instead
   * of using the processor.
   */
  #answer(): void {
    this.#isOwing = this.#bucket.left <= 0;
    if (!this.#isOwing) {
      this.#output?.write(answer);
      return;
    }
    setTimeout(() => {
      this.#isOwing = false;
      this.#output?.write(answer);
    }, this.#bucket.waitMs);
  }

  /** Events cannot be relied on until two come in sequence again. */
  #break(why: string): void {
    this.#isInOrder = false;
    this.#listener?.onBreak(why);
  }

  #end(why: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#listener?.onBreak(why);
  }
}

/** supervisord sends this once the event listener is RUNNING, after everything that it kept for it. */
function isOwnStart({ name, fields }: SupervisorEvent, own: ProcessName | undefined): boolean {
  return name === 'PROCESS_STATE_RUNNING' && fields['processname'] === own?.name && fields['groupname'] === own?.group;
}
