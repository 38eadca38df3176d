import type { SupervisorAddress } from '../../../daemon/supervisor/address.ts';
import {
  configMembers,
  createSupervisorClient,
  type ProcessConfig,
  type ProcessInfo,
  readConfigs,
  replyText,
} from '../../../daemon/supervisor/client.ts';
import type { FindCredentials } from '../../../daemon/supervisor/credentials.ts';
import { createPost } from '../../../daemon/supervisor/http-post.ts';
import { keyOf } from '../../../daemon/supervisor/names.ts';
import { methodCall, readResponse, type XmlRpcValue } from '../../../daemon/supervisor/xml-rpc.ts';

const timeoutMs = 3000;

/** The end of supervisord's log, which tells what no RPC does: how programs have ended, and that they were started again. */
const logTailBytes = 64_000;
const stderrTailBytes = 2000;

/** What getAllConfigInfo says of a program besides; undefined where this supervisord does not tell. */
export interface ProgramTraps {
  readonly autostart?: boolean | undefined;
  readonly startsecs?: number | undefined;
  readonly startretries?: number | undefined;
}

/** What supervisord says of itself and its programs, in one look. */
export interface SupervisordFacts {
  readonly version: string;
  readonly pid: number;
  readonly state: string;
  readonly processes: readonly ProcessInfo[];
  readonly configs: readonly ProcessConfig[];
  readonly traps: ReadonlyMap<string, ProgramTraps>;
  /** Lines of its own log, the newest last; none when it keeps none. */
  readonly log: readonly string[];
}

/** Asks for what the daemon asks for, in the same way, and for what else a doctor wants to know. */
export function createSupervisord(address: SupervisorAddress, find?: FindCredentials) {
  const client = createSupervisorClient(address, timeoutMs, find);
  const post = createPost(address, timeoutMs, find);
  const signal = new AbortController().signal;

  const call = (method: string, members: readonly string[] = [], params: readonly (string | number)[] = []): Promise<XmlRpcValue> => {
    const body = methodCall(`supervisor.${method}`).replace('<params/>', `<params>${params.map(param).join('')}</params>`);
    return post(body, (reply) => readResponse(replyText(reply), members), signal);
  };

  return {
    processes: () => client.getAllProcessInfo(signal),

    /** @throws SupervisorUnreachableError or SupervisorBadReplyError */
    async look(): Promise<SupervisordFacts> {
      const version = String(await call('getSupervisorVersion'));
      const state = (await call('getState', ['statename'])) as { statename?: string };
      const pid = Number(await call('getPID'));
      const processes = await client.getAllProcessInfo(signal);
      const described = await call('getAllConfigInfo', [...configMembers, 'autostart', 'startsecs', 'startretries']);
      const configs = readConfigs(described);
      const traps = (described as Record<string, XmlRpcValue>[]).map(trapsOf);
      const log = await call('readLog', [], [-logTailBytes, 0]).catch(() => '');
      return {
        version,
        state: String(state.statename),
        pid,
        processes,
        configs,
        traps: new Map(configs.map((config, index) => [keyOf(config), traps[index] ?? {}])),
        log: String(log).split('\n'),
      };
    },

    /** The last line that a program wrote to stderr; '' where supervisord does not keep it. */
    async lastWords(fullName: string): Promise<string> {
      const text = await call('readProcessStderrLog', [], [fullName, -stderrTailBytes, 0]).catch(() => '');
      return String(text).trimEnd().split('\n').at(-1) ?? '';
    },
  };
}

function param(value: string | number): string {
  const type = typeof value === 'number' ? 'int' : 'string';
  const text = String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<param><value><${type}>${text}</${type}></value></param>`;
}

function trapsOf(config: Record<string, XmlRpcValue>): ProgramTraps {
  const number = (name: string) => (typeof config[name] === 'number' ? config[name] : undefined);
  return {
    autostart: typeof config['autostart'] === 'boolean' ? config['autostart'] : undefined,
    startsecs: number('startsecs'),
    startretries: number('startretries'),
  };
}

/** How often a program has ended and been started again, and how it ended last, by the end of supervisord's log. */
export function endsInLog(log: readonly string[], name: string): { readonly last: string | undefined; readonly startedAgain: number } {
  let last: string | undefined;
  let startedAgain = 0;
  for (const line of log) {
    const [, ended, how] = /\bexited: (\S+) \((.*?); (?:not )?expected\)/.exec(line) ?? [];
    if (ended === name) last = how;
    else if (last !== undefined && line.includes(`spawned: '${name}' `)) startedAgain++;
  }
  return { last, startedAgain };
}
