import { maxBodyBytes } from './defaults.ts';
import { codeOf } from './exit-codes.ts';

/** What a probe is told. `detail` is the tail of the hook's output, sanitised; it may have several lines. */
export interface Answer {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly detail?: string | undefined;
}

/** Leaves more than half of the body for the hook's output. */
const maxMessageBytes = 400;

/**
 * Characters that must not reach a terminal or break a line: C0, DEL, C1, line and paragraph
 * separators, bidi controls.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const unprintable = /[\0-\x1f\x7f-\x9f\u2028\u2029\u202A-\u202E\u2066-\u2069]/g;

/** Bytes that are never in a body. The native client checks the same. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controlBytes = /[\x00-\x08\x0B-\x1F\x7F]/;

/**
 * Text for one line. Unprintable characters become spaces, several spaces become one, and the end
 * is cut.
 *
 * @param text - anything, for example supervisord's own words or a path
 * @param maxBytes - the most UTF-8 bytes of the result
 */
export function oneLine(text: string, maxBytes: number = maxMessageBytes): string {
  const line = text.replace(unprintable, ' ').replace(/ {2,}/g, ' ').trim();
  if (Buffer.byteLength(line) <= maxBytes) return line;
  // If a character was cut in two, it became U+FFFD, which is removed.
  return `${Buffer.from(line)
    .subarray(0, maxBytes - 3)
    .toString()
    .replace(/\uFFFD$/, '')}...`;
}

/** The same without a cut: a command to be typed must be complete. */
export function whole(text: string): string {
  return oneLine(text, Number.POSITIVE_INFINITY);
}

/**
 * The last whole lines of a text that fit. If not even the last line fits, the end of that line.
 *
 * @param maxBytes - the most UTF-8 bytes of the result
 */
export function tailThatFits(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const tail = bytes
    .subarray(bytes.length - maxBytes)
    .toString()
    .replace(/^\uFFFD+/, '');
  // -1 without a line break: then nothing is removed.
  const firstBreak = tail.indexOf('\n');
  const cutMidLine = bytes[bytes.length - maxBytes - 1] !== 0x0a;
  return cutMidLine && firstBreak < tail.length - 1 ? tail.slice(firstBreak + 1) : tail;
}

/** The first line of every answer: `CODE REASON message`. It is always the same for the same situation. */
export function firstLine(answer: Answer): string {
  return `${answer.code} ${answer.reason} ${oneLine(answer.message)}`;
}

/**
 * The body of `GET /probe`. The client prints the same.
 *
 * @returns at most {@link maxBodyBytes} bytes of UTF-8, ending in a newline
 */
export function formatBody(answer: Answer): string {
  const line = `${firstLine(answer)}\n`;
  const tail = answer.detail === undefined ? '' : tailThatFits(answer.detail.trimEnd(), maxBodyBytes - 1 - Buffer.byteLength(line));
  return tail === '' ? line : `${line}${tail}\n`;
}

/** The HTTP status of an answer: 200 if and only if it is ready. */
export function statusOf(code: number): 200 | 503 {
  return code === 0 ? 200 : 503;
}

/**
 * Reads a reply with the rules of the probe client: if one thing is wrong, the whole reply is
 * rejected.
 *
 * @param status - the HTTP status
 * @param body - the whole body, as long as its Content-Length says, one character a byte (latin1)
 * @returns the exit code, or undefined when the reply is not readinessd's
 */
export function codeInReply(status: number, body: string): number | undefined {
  const match = /^(0|[1-9][0-9]{0,2}) ([A-Z][A-Za-z0-9]*)(?:[ \n]|$)/.exec(body);
  if (match === null || controlBytes.test(body)) return undefined;
  const code = Number(match[1]);
  const isReady = code === codeOf('Ready');
  if (code > 255 || isReady !== (match[2] === 'Ready') || status !== statusOf(code)) return undefined;
  return code;
}
