import { isUtf8 } from 'node:buffer';
import type { SupervisorAddress } from './address.ts';
import type { FindCredentials } from './credentials.ts';
import { SupervisorBadReplyError } from './errors.ts';
import { createPost } from './http-post.ts';
import { keyOf } from './names.ts';
import { rememberProcesses } from './same-text.ts';
import { methodCall, readResponse, type XmlRpcValue } from './xml-rpc.ts';

/** A process that runs, or has run, under supervisord: one struct of getAllProcessInfo. */
export interface ProcessInfo {
  readonly name: string;
  readonly group: string;
  /** One of processState. */
  readonly state: number;
  /** 0 while it does not run. */
  readonly pid: number;
  /** When it was last started and stopped: seconds since 1970 by supervisord's clock, 0 for never. */
  readonly start: number;
  readonly stop: number;
  /** When supervisord wrote this answer, by the same clock. */
  readonly now: number;
  /** -1 after a signal; also 0 while it is not known. */
  readonly exitstatus: number;
  /** supervisord's own words for what went wrong; often empty. */
  readonly spawnerr: string;
  /**
   * The names of its logs. Where its section names none, supervisord makes up new ones for each
   * process that it adds.
   */
  readonly logs: string;
}

/** A process in the configuration that supervisord read last: one struct of getAllConfigInfo. */
export interface ProcessConfig {
  readonly name: string;
  readonly group: string;
  /** Undefined before supervisor 4.0. */
  readonly command: string | undefined;
  /** Whether it has autorestart=true; undefined where supervisord does not report it (4.4 will). */
  readonly runsForEver?: boolean;
  /** Whether supervisord starts it on its own; undefined where supervisord does not report it. */
  readonly autostart?: boolean;
}

/** The sections of the configuration by key. Several sections can share a key. */
export function sectionsByKey(configs: readonly ProcessConfig[]): Map<string, ProcessConfig[]> {
  const sections = new Map<string, ProcessConfig[]>();
  for (const config of configs) {
    const own = sections.get(keyOf(config));
    if (own === undefined) sections.set(keyOf(config), [config]);
    else own.push(config);
  }
  return sections;
}

/** The part of supervisord's RPC interface that the daemon uses (http://supervisord.org/api.html). */
export interface SupervisorClient {
  getAllProcessInfo(signal: AbortSignal): Promise<ProcessInfo[]>;
  /** With 1,000 programs this costs supervisord a second, so call it rarely. */
  getAllConfigInfo(signal: AbortSignal): Promise<ProcessConfig[]>;
}

/** The members that readProcesses needs. */
export const processMembers = [
  'name',
  'group',
  'state',
  'pid',
  'start',
  'stop',
  'now',
  'exitstatus',
  'spawnerr',
  'stdout_logfile',
  'stderr_logfile',
];

/** The members that readConfigs needs. */
export const configMembers = ['name', 'group', 'command', 'autorestart', 'autostart'];

/**
 * @param address - where supervisord listens
 * @param timeoutMs - for each call
 * @param find - see createPost
 * @returns calls that throw SupervisorUnreachableError or SupervisorBadReplyError
 */
export function createSupervisorClient(address: SupervisorAddress, timeoutMs: number, find?: FindCredentials): SupervisorClient {
  const post = createPost(address, timeoutMs, find);

  /** Reads the reply inside the post, so that a bad reply still closes the connection. */
  function call<T>(method: string, read: (reply: Buffer) => T, signal: AbortSignal): Promise<T> {
    return post(methodCall(`supervisor.${method}`), read, signal);
  }

  /**
   * The configuration's text changes only with a reread. Parsing the same text again would cost
   * several times as much as comparing it.
   */
  let last: { readonly reply: Buffer; readonly configs: ProcessConfig[] } | undefined;
  function readChangedConfigs(reply: Buffer): ProcessConfig[] {
    if (last?.reply.equals(reply) !== true) last = { reply, configs: readConfigs(readResponse(replyText(reply), configMembers)) };
    return last.configs;
  }
  const readAllProcesses = rememberProcesses((text) => readProcesses(readResponse(text, processMembers)));

  return {
    getAllProcessInfo: (signal) => call('getAllProcessInfo', (reply) => readAllProcesses(replyText(reply)), signal),
    getAllConfigInfo: (signal) => call('getAllConfigInfo', readChangedConfigs, signal),
  };
}

/** @throws SupervisorBadReplyError when the reply is not UTF-8 */
export function replyText(reply: Buffer): string {
  if (!isUtf8(reply)) throw new SupervisorBadReplyError({ kind: 'supervisord-unreadable', why: 'it is not UTF-8' });
  return reply.toString();
}

/**
 * Reads the result of getAllProcessInfo.
 *
 * @throws SupervisorBadReplyError when it is not an array of such structs
 */
export function readProcesses(value: XmlRpcValue): ProcessInfo[] {
  return structsOf('getAllProcessInfo', value).map((struct) => ({
    name: struct.string('name'),
    group: struct.string('group'),
    state: struct.number('state'),
    pid: struct.number('pid'),
    start: struct.number('start'),
    stop: struct.number('stop'),
    now: struct.number('now'),
    exitstatus: struct.number('exitstatus'),
    spawnerr: struct.string('spawnerr'),
    logs: ['stdout_logfile', 'stderr_logfile'].map((name) => (struct.has(name) ? struct.string(name) : '')).join(' '),
  }));
}

/**
 * Reads the result of getAllConfigInfo.
 *
 * @throws SupervisorBadReplyError when it is not an array of such structs
 */
export function readConfigs(value: XmlRpcValue): ProcessConfig[] {
  return structsOf('getAllConfigInfo', value).map((struct) => ({
    name: struct.string('name'),
    group: struct.string('group'),
    command: struct.has('command') ? struct.string('command') : undefined,
    // The other values are false and "unexpected".
    ...(struct.has('autorestart') ? { runsForEver: struct.isTrue('autorestart') } : {}),
    ...(struct.has('autostart') ? { autostart: struct.isTrue('autostart') } : {}),
  }));
}

function structsOf(method: string, value: XmlRpcValue): Struct[] {
  if (!Array.isArray(value)) throw wrong(method, 'an array');
  return value.map((item) => new Struct(method, item));
}

/** Reads a struct's members by type. A missing member or a wrong type makes the reply unreadable. */
export class Struct {
  readonly #method: string;
  readonly #members: { [name: string]: XmlRpcValue };

  constructor(method: string, value: XmlRpcValue) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(method, 'structs');
    this.#method = method;
    this.#members = value;
  }

  has(name: string): boolean {
    return name in this.#members;
  }

  string(name: string): string {
    return stringIn(this.#method, this.#members[name], `a string "${name}"`);
  }

  isTrue(name: string): boolean {
    return this.#members[name] === true;
  }

  number(name: string): number {
    return numberIn(this.#method, this.#members[name], `a number "${name}"`);
  }
}

/** @throws SupervisorBadReplyError when a method's answer is no string */
export function stringIn(method: string, value: XmlRpcValue | undefined, expected = 'a string'): string {
  if (typeof value !== 'string') throw wrong(method, expected);
  return value;
}

/** @throws SupervisorBadReplyError when a method's answer is no number */
export function numberIn(method: string, value: XmlRpcValue | undefined, expected = 'a number'): number {
  if (typeof value !== 'number') throw wrong(method, expected);
  return value;
}

/** An answer that lacks what its method should return. */
function wrong(method: string, expected: string): SupervisorBadReplyError {
  return new SupervisorBadReplyError({ kind: 'supervisord-unreadable', why: `${method} lacks ${expected}` });
}
