import type { Readable, Writable } from 'node:stream';
import { TokenBucket } from '../rate/token-bucket.ts';
import { EventParser, type SupervisorEvent } from './event-parser.ts';
import type { ProcessName } from './names.ts';

/** What others may ask of the events' flow, without knowing how they come. */
export interface EventFlow {
  /**
   * Marks a moment: NaN when events do not flow, or something told before is not answered yet, for supervisord then keeps back
   * what came after it.
   */
  mark(): number;
  /** Whether nothing at all was told since a mark. */
  isQuietSince(mark: number): boolean;
}

/** Where no events come. */
export const noEvents: EventFlow = { mark: () => Number.NaN, isQuietSince: () => false };

/** `waiting` for what shows that they flow, `flowing`, or `stopped`. */
export type FlowState = 'waiting' | 'flowing' | 'stopped';

export interface Listener {
  /** @param mayBeOver - it tells of the time before this listener was RUNNING, and more may have happened since that it does not tell */
  onEvent(event: SupervisorEvent, mayBeOver: boolean): void;
  /** Something was lost, or no more will come: what was told before is no longer to be built on. */
  onBreak(why: string): void;
}

/** supervisord's TICK_60 comes every minute; its clock may be slewed, and it may be busy. */
const maxSilenceMs = 75_000;

/** Of events: a crash-looping program tells of some 10 a second, and one costs 0.1 ms. */
const rate = { burst: 2000, perSecond: 300 };

/** What is no event costs more, and is not supervisord's. */
const costOfGarbage = 20;

/** Tells supervisord that an event was taken, and that the next one may come. */
const ready = 'READY\n';
const answer = `RESULT 2\nOK${ready}`;

/** supervisord's events, as an event listener gets them on stdin and answers them on stdout. */
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
  /** An event is still to be answered. */
  #isOwing = false;
  #isUpToDate;
  /** With numprocs= supervisord tells each event only one of the processes, and others hear nothing of it. */
  readonly #isAlone;
  #wasStopped = false;
  #count = 0;
  readonly #bucket;

  /**
   * @param now - the monotonic clock, milliseconds
   * @param own - this process under supervisord: it gets no event until it is RUNNING, a second or two after its start, and then
   * first all that were kept for it
   */
  constructor(now: () => number, own?: ProcessName) {
    this.#now = now;
    this.#own = own;
    this.#isUpToDate = own === undefined;
    this.#isAlone = own === undefined || own.name === own.group;
    this.#bucket = new TokenBucket({ ...rate, now });
  }

  /** Begins to listen; each event is answered before it is acted upon. */
  listen(input: Readable, output: Writable, listener: Listener): void {
    this.#listener = listener;
    this.#output = output;
    input.on('data', (chunk: Buffer) => this.#receive(chunk));
    input.on('end', () => this.#end('stdin was closed'));
    input.on('error', ({ message }) => this.#end(`stdin cannot be read: ${message}`));
    output.on('error', ({ message }) => this.#end(`stdout cannot be written: ${message}`));
    output.write(ready);
  }

  /** Events received so far. */
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
   * Whether supervisord is known to tell what happens: it has told of a program's start, the daemon's own for one, so
   * PROCESS_STATE is among the section's events=; and it told something lately, a tick at least.
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

  /** To be called now and then: notices that events have stopped without a word. */
  watch(): void {
    const hasStopped = this.state === 'stopped';
    if (hasStopped && !this.#wasStopped && !this.#hasEnded) this.#listener?.onBreak(`none came for ${maxSilenceMs / 1000} s`);
    this.#wasStopped = hasStopped;
  }

  #isSettled(): boolean {
    return this.flows() && this.#parser.isBetweenEvents && !this.#isOwing && this.#output?.writableLength === 0;
  }

  #receive(chunk: Buffer): void {
    // supervisord waits for an answer, or this is no event: not worth the time to look at it. But it is read, for supervisord
    // dies of a listener's stdin that is full (4.2.5).
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
      // supervisord throws the oldest away when its buffer is full, and sends one again that nobody answered.
      const isNext = this.#lastSerial === undefined || event.poolSerial === this.#lastSerial + 1;
      this.#lastSerial = event.poolSerial;
      if (isNext) this.#isInOrder = true;
      else this.#break('some were lost');
      const mayBeOver = !this.#isUpToDate;
      this.#isUpToDate ||= isOwnStart(event, this.#own) || event.name === 'TICK_60';
      this.#listener?.onEvent(event, mayBeOver);
    }
  }

  /** Events by the thousand wait in supervisord's buffer, rather than take the processor. */
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

  /** What was told is not to be relied on, until two events come one after the other. */
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

/** What supervisord tells once the listener is RUNNING: all that it has kept comes before. */
function isOwnStart({ name, fields }: SupervisorEvent, own: ProcessName | undefined): boolean {
  return name === 'PROCESS_STATE_RUNNING' && fields['processname'] === own?.name && fields['groupname'] === own?.group;
}
