import { statSync } from 'node:fs';
import type { SupervisorAddress } from '../supervisor/address.ts';
import {
  configMembers,
  numberIn,
  type ProcessConfig,
  type ProcessInfo,
  processMembers,
  readConfigs,
  readProcesses,
  replyText,
  Struct,
  stringIn,
} from '../supervisor/client.ts';
import type { FindCredentials } from '../supervisor/credentials.ts';
import { createPost } from '../supervisor/http-post.ts';
import { fullName, keyOf, type ProcessName } from '../supervisor/names.ts';
import { methodCall, readResponse, type XmlRpcValue } from '../supervisor/xml-rpc.ts';

const timeoutMs = 3000;
const logTailBytes = 64_000;
const outputTailBytes = 2000;

/** Further options of a program from getAllConfigInfo; undefined where this supervisord does not report them. */
export interface Extras {
  readonly autostart?: boolean | undefined;
  readonly startsecs?: number | undefined;
  readonly startretries?: number | undefined;
}

export type Streams = Readonly<Record<'stdout' | 'stderr', string>>;

/** What supervisord says of itself and its programs, at one look. The maps' keys are from keyOf. */
export interface Supervisord {
  readonly version: string;
  readonly pid: number;
  readonly state: string;
  readonly processes: readonly ProcessInfo[];
  readonly configs: readonly ProcessConfig[];
  readonly extras: ReadonlyMap<string, Extras>;
  /** The files that get programs' output; '' where there is none. */
  readonly logFiles: ReadonlyMap<string, Streams>;
  /** Lines of its own log, the newest last; empty if it keeps no log. */
  readonly log: readonly string[];
  readLog(): Promise<readonly string[]>;
  again(): Promise<readonly ProcessInfo[]>;
  /** The end of what a program printed; undefined where supervisord cannot read it. */
  output(program: ProcessName, stream: keyof Streams): Promise<string | undefined>;
}

/**
 * Asks for everything that the daemon asks for, in the same way, and for what else doctor needs.
 *
 * @param find - finds user and password
 * @throws SupervisorUnreachableError or SupervisorBadReplyError
 */
export async function lookAtSupervisord(address: SupervisorAddress, find: FindCredentials): Promise<Supervisord> {
  const post = createPost(address, timeoutMs, find);
  const { signal } = new AbortController();
  const call = (method: string, members: readonly string[] = [], params: readonly (string | number)[] = []): Promise<XmlRpcValue> =>
    post(methodCall(`supervisor.${method}`, params), (reply) => readResponse(replyText(reply), members), signal);

  // Whatever answers may not be supervisord.
  const version = stringIn('supervisor.getSupervisorVersion', await call('getSupervisorVersion'));
  const state = new Struct('supervisor.getState', await call('getState', ['statename'])).string('statename');
  const pid = numberIn('supervisor.getPID', await call('getPID'));
  const described = (await call('getAllProcessInfo', processMembers)) as Record<string, XmlRpcValue>[];
  const processes = readProcesses(described);
  const configured = (await call('getAllConfigInfo', [...configMembers, 'startsecs', 'startretries'])) as Record<string, XmlRpcValue>[];
  const configs = readConfigs(configured);
  const readLog = async () => asText(await call('readLog', [], [-logTailBytes, 0]).catch(() => '')).split('\n');
  const logFiles = new Map(processes.map((process, index) => [keyOf(process), streamsOf(described[index] ?? {})]));
  return {
    version,
    state,
    pid,
    processes,
    configs,
    extras: new Map(configs.map((config, index) => [keyOf(config), extrasOf(configured[index] ?? {})])),
    logFiles,
    log: await readLog(),
    readLog,
    again: async () => readProcesses(await call('getAllProcessInfo', processMembers)),
    async output(program, stream) {
      const path = logFiles.get(keyOf(program))?.[stream] ?? '';
      // Reading a pipe or terminal would take its data, and might wait.
      if (!isFile(path)) return undefined;
      const method = stream === 'stdout' ? 'readProcessStdoutLog' : 'readProcessStderrLog';
      const text = await call(method, [], [fullName(program), -outputTailBytes, 0]).catch(() => undefined);
      return text === undefined ? undefined : asText(text);
    },
  };
}

function asText(value: XmlRpcValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** A program's command in the configuration; undefined where supervisord does not report it. */
export function commandOf({ configs }: Pick<Supervisord, 'configs'>, program: ProcessName): string | undefined {
  return configs.find((config) => keyOf(config) === keyOf(program))?.command;
}

/** How a program's last run ended, in supervisord's own words: `exit status 3`, `terminated by SIGKILL`. */
export function lastEnd({ log, processes }: Pick<Supervisord, 'log' | 'processes'>, { name }: ProcessName): string | undefined {
  // The log names processes without their groups.
  if (processes.filter((process) => process.name === name).length !== 1) return undefined;
  const line = linesOf(log, name).findLast((one) => / exited: /.test(one));
  return / \((exit status \d+|terminated by \w+)/.exec(line ?? '')?.[1];
}

/** The lines of supervisord's log about a program. */
export function linesOf(log: readonly string[], name: string): string[] {
  const words = [`: ${name} `, `: '${name}' `, ` ${name}: `];
  return log.filter((line) => words.some((word) => line.includes(word)));
}

function streamsOf(process: Record<string, XmlRpcValue>): Streams {
  return { stdout: asText(process['stdout_logfile']), stderr: asText(process['stderr_logfile']) };
}

function extrasOf(config: Record<string, XmlRpcValue>): Extras {
  const number = (name: string) => (typeof config[name] === 'number' ? config[name] : undefined);
  return {
    autostart: typeof config['autostart'] === 'boolean' ? config['autostart'] : undefined,
    startsecs: number('startsecs'),
    startretries: number('startretries'),
  };
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
