import { isIPv4, isIPv6 } from 'node:net';
import { maxSocketPathBytes } from '../../shared/defaults.ts';
import { formatDuration, parseDuration } from '../../shared/duration.ts';

/**
 * Readers of one setting's text. Each takes the text as written and returns the value, or throws a
 * plain Error whose message says what is allowed ("must be ...").
 */

/** A duration with its unit, `500ms`, `10s` or `2m`, within bounds. Returns milliseconds. */
export function duration(minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (!(ms >= minMs && ms <= maxMs)) {
      throw new Error(`must be a duration with a unit, as 500ms, 10s or 2m, from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`);
    }
    return ms;
  };
}

export function onOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new Error('must be on or off');
  return text === 'on';
}

export function oneOf<T extends string>(...allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => value === text);
    if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
    return found;
  };
}

/** An octal file mode that lets the owner read and write, such as `0600` or `660`. */
export function socketMode(text: string): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : 0;
  if ((mode & 0o600) !== 0o600) throw new Error('must be an octal mode that lets the owner read and write, as 0600 or 0660');
  return mode;
}

/** The path of the hook, or `none` to switch it off. */
export function hookPath(text: string): string {
  return text === 'none' ? text : absolutePath(text);
}

/** For a file or a directory. */
export function absolutePath(text: string): string {
  if (!text.startsWith('/') || text.endsWith('/') || text.includes('\0'))
    throw new Error('must be the absolute path of a file or directory, without a / at its end');
  return text;
}

export function socketPath(text: string): string {
  if (Buffer.byteLength(text) > maxSocketPathBytes) throw new Error(`must be at most ${maxSocketPathBytes} bytes long`);
  return absolutePath(text);
}

/** Any text without control characters, because an HTTP header carries it. */
export function credential(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\0-\x1f\x7f-\x9f]/.test(text)) throw new Error('must not hold control characters');
  return text;
}

/** The one address to listen on over TCP. */
export interface ListenAddress {
  /** As written. */
  readonly display: string;
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9464` or `[::1]:9464`. Names are refused, because a name may stand for several addresses. */
export function listenAddress(text: string): ListenAddress {
  const [, v6, v4 = '', digits] = /^(?:\[(.*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (!(v6 === undefined ? isIPv4(v4) : isIPv6(v6)) || !(port >= 1 && port <= 65_535)) {
    throw new Error('must be an IP address and a port, as 127.0.0.1:9464 or [::1]:9464 (0.0.0.0:9464 is every IPv4 address)');
  }
  return { display: text, host: v6 ?? v4, port };
}
