/** An event that supervisord sends to an event listener. */
export interface SupervisorEvent {
  /** For example PROCESS_STATE_EXITED (http://supervisord.org/events.html#event-types). */
  readonly name: string;
  /** The event's number for this event listener: each is one more than the last. */
  readonly poolSerial: number;
  /** From its first line: processname, groupname, pid and so on. */
  readonly fields: Readonly<Record<string, string>>;
}

/** How a header begins and ends. Between them, supervisord's identifier and the section's name may contain blanks. */
const headerStart = /ver:\d{1,3}\.\d{1,3} server:/;
const headerEnd = / poolserial:(\d{1,15}) eventname:(\w{1,100}) len:(\d{1,7})$/;

/** A header is a line of some 150 bytes, or more with a long identifier. A longer line is not a header. */
const maxHeaderBytes = 4096;

/** The part of a payload that is kept. Every event that matters has all it says in one short line. */
const maxPayloadBytes = 4096;

/** A sender of this many lines that are not headers is not supervisord: stop reading its chunk. */
const maxGarbage = 16;

const newline = 0x0a;

type Found = SupervisorEvent | 'garbage';

/**
 * Reads events from an event listener's stdin
 * (http://supervisord.org/events.html#event-listener-notification-protocol): a header line, which
 * says how many bytes of payload follow it.
 *
 * supervisord counts characters where it should count bytes. With a name beyond ASCII, the end of
 * the payload therefore comes right before the next header. So a header may begin anywhere in a
 * line.
 */
export class EventParser {
  #line = Buffer.alloc(0);
  #event: Omit<SupervisorEvent, 'fields'> | undefined;
  #payload: Buffer[] = [];
  #missingBytes = 0;

  /** Whether no event is only partly read. */
  get isBetweenEvents(): boolean {
    return this.#event === undefined && this.#line.length === 0;
  }

  /**
   * @param chunk - the next bytes, cut anywhere
   * @returns the events that the chunk completes, and 'garbage' for each line, or overlong part of
   * one, that is not a header. After a few of those the rest of the chunk is dropped.
   */
  push(chunk: Buffer): Found[] {
    const found: Found[] = [];
    let garbage = 0;
    for (let rest = chunk; rest.length > 0 && garbage < maxGarbage; ) {
      rest = this.#event === undefined ? this.#takeHeader(rest, found) : this.#takePayload(rest, this.#event, found);
      if (found.at(-1) === 'garbage') garbage++;
    }
    return found;
  }

  #takeHeader(bytes: Buffer, found: Found[]): Buffer {
    const end = bytes.indexOf(newline);
    this.#line = Buffer.concat([this.#line, end === -1 ? bytes : bytes.subarray(0, end)]);
    const rest = end === -1 ? bytes.subarray(bytes.length) : bytes.subarray(end + 1);
    if (end === -1 && this.#line.length <= maxHeaderBytes) return rest;
    const line = this.#line.subarray(0, maxHeaderBytes).toString();
    this.#line = Buffer.alloc(0);
    const [, poolSerial, name, length] = headerEnd.exec(line) ?? [];
    if (name === undefined || !headerStart.test(line)) {
      // An empty line is the end of a payload whose length was counted in characters.
      if (line !== '') found.push('garbage');
      return rest;
    }
    this.#event = { name, poolSerial: Number(poolSerial) };
    this.#payload = [];
    this.#missingBytes = Number(length);
    if (this.#missingBytes === 0) this.#complete(this.#event, found);
    return rest;
  }

  #takePayload(bytes: Buffer, event: Omit<SupervisorEvent, 'fields'>, found: Found[]): Buffer {
    const part = bytes.subarray(0, this.#missingBytes);
    this.#missingBytes -= part.length;
    const keptBytes = this.#payload.reduce((sum, { length }) => sum + length, 0);
    if (keptBytes < maxPayloadBytes) this.#payload.push(Buffer.from(part.subarray(0, maxPayloadBytes - keptBytes)));
    if (this.#missingBytes === 0) this.#complete(event, found);
    return bytes.subarray(part.length);
  }

  #complete(event: Omit<SupervisorEvent, 'fields'>, found: Found[]): void {
    const [line = ''] = Buffer.concat(this.#payload).toString().split('\n', 1);
    found.push({ ...event, fields: fieldsOf(line) });
    this.#event = undefined;
    this.#payload = [];
  }
}

/** "processname:a groupname:b": supervisord's names contain neither blanks nor colons. */
function fieldsOf(line: string): Record<string, string> {
  const fields = Object.create(null) as Record<string, string>;
  for (const word of line.split(' ')) {
    const colon = word.indexOf(':');
    if (colon > 0) fields[word.slice(0, colon)] = word.slice(colon + 1);
  }
  return fields;
}
