import type { Readable, Writable } from 'node:stream';

/** An event as supervisord writes it to a listener's stdin. */
export function eventText(name: string, serial: number, payload = ''): string {
  const header = `ver:3.0 server:supervisor serial:${serial + 40} pool:readinessd poolserial:${serial} eventname:${name}`;
  return `${header} len:${Buffer.byteLength(payload)}\n${payload}`;
}

/** The payload about a process whose group has the same name. */
export const ofProcess = (name: string, more = 'from_state:EXITED'): string => `processname:${name} groupname:${name} ${more}`;

/**
 * A listener's stdin and stdout without a process: it reads at once what is sent, and calls a function for
 * what is answered.
 */
export class FakePipes {
  /** What supervisord has not read. */
  unreadBytes = 0;
  #onData: (chunk: Buffer) => void = () => {};
  #onEnd: () => void = () => {};
  readonly input: Readable;
  readonly output: Writable;

  /** @param onAnswer - gets what is written */
  constructor(onAnswer: (text: string) => void) {
    const pipes = this;
    this.input = {
      on(name: string, listener: never) {
        if (name === 'data') pipes.#onData = listener;
        if (name === 'end') pipes.#onEnd = listener;
      },
    } as unknown as Readable;
    this.output = {
      on() {},
      write: onAnswer,
      get writableLength() {
        return pipes.unreadBytes;
      },
    } as unknown as Writable;
  }

  send(text: string): void {
    this.#onData(Buffer.from(text));
  }

  end(): void {
    this.#onEnd();
  }
}
