import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Status } from '../../shared/api.ts';
import { type Form, inRelaysPlace, testForm } from './form.ts';
import { collect, end, type Finished, run } from './run.ts';
import { type Context, cleanUp, patienceMs, scratchDirectory, tree, until } from './scratch.ts';

export interface Launch {
  /** A program, with its arguments, that runs the daemon: prlimit, setpriv. */
  readonly by?: readonly string[];
  /** The daemon's own tree, or a copy of it. */
  readonly root?: string;
  /** Where its log goes; 'pipe' is read by `log()`. */
  readonly stderr?: 'pipe' | number;
  /** 'events' has those of a TestSupervisord of that form, and else a stdin on which nothing ever comes. */
  readonly form?: Form;
}

/** For a test that needs no supervisord. */
export const alone = { READINESSD_START_STEP: 'off' };

/** In a probe's environment: a deadline that a busy machine keeps too. */
export const patient = { READINESSD_PROBE_TIMEOUT_MS: '30000' };

/** A socket that a daemon serves, asked in every way that there is. Its functions may be taken apart. */
export class ServedSocket {
  readonly socket: string;
  /** What to show beside a verdict that was waited for in vain. */
  log = () => '';

  constructor(socket: string) {
    this.socket = socket;
  }

  /** Asks as a person with curl would. */
  readonly get = (path: string) => httpGet(this.socket, path);
  readonly post = (path: string) => httpGet(this.socket, path, 'POST');

  /** The body of /probe; '' while nobody answers. */
  readonly body = (): Promise<string> =>
    this.get('/probe').then(
      ({ body }) => body,
      () => '',
    );

  readonly status = async (): Promise<Status> => JSON.parse((await this.get('/status')).body) as Status;

  /** The exit code and output of the shipped probe, by default with patience. */
  readonly probe = (deadline: NodeJS.ProcessEnv = patient): Promise<Finished> => {
    const env = { PATH: process.env['PATH'], READINESSD_SOCKET: this.socket, ...deadline };
    return run(join(tree, 'usr/bin/readiness_probe.sh'), [], { env });
  };

  /** Waits for a verdict that matches, and gives it. */
  readonly expect = async (pattern: RegExp, timeoutMs?: number): Promise<string> => {
    let last = '';
    const says = async () => {
      last = await this.body();
      return pattern.test(last) ? last : undefined;
    };
    return until(`the daemon says ${pattern}`, says, timeoutMs).catch((error: Error) =>
      assert.fail(`${error.message}; it says ${JSON.stringify(last)}; log ${this.log()}`),
    );
  };

  /** The same, asking for a cycle each time: for what no event tells of, a reread for one. */
  readonly expectChecked = async (pattern: RegExp): Promise<string> =>
    until(`the daemon says ${pattern}`, async () => {
      await this.post('/check');
      const body = await this.body();
      return pattern.test(body) ? body : undefined;
    });

  /** Waits until so many more cycles have ended. */
  readonly moreCycles = async (count: number): Promise<Status> => {
    const { cycles } = await this.status();
    return until(`${count} more cycles have ended`, async () => {
      const status = await this.status();
      return status.cycles >= cycles + count ? status : undefined;
    });
  };

  /** Waits until a cycle that began after this call has ended. */
  readonly aWholeCycle = async (): Promise<Status> => {
    const calledAtMs = performance.now();
    return until('a whole cycle has ended', async () => {
      const askedAtMs = performance.now();
      const status = await this.status();
      // The age is as of the answer, so the cycle began no earlier than this; a rounded one may be half a millisecond off.
      return askedAtMs - (status.ageMs ?? Number.POSITIVE_INFINITY) > calledAtMs + 1 ? status : undefined;
    });
  };
}

/** The built daemon, with quick periods so that a test need not wait for them. */
export class TestDaemon extends ServedSocket {
  readonly directory: string;
  readonly hook: string;
  readonly child: ChildProcess;
  /** When it has ended, and all that it has written is read. */
  readonly closed: Promise<unknown>;

  constructor(t: Context, settings: Record<string, string> = {}, directory = scratchDirectory(t), launch: Launch = {}) {
    super(settings['READINESSD_SOCKET'] ?? quickSettings(directory).READINESSD_SOCKET);
    this.directory = directory;
    this.hook = join(directory, 'hook');
    const { by = [], root = tree, stderr = 'pipe', form = testForm ?? 'poll' } = launch;
    const command = [...by, join(root, 'usr/bin/readinessd')];
    const [program = '', ...args] =
      form === 'poll' ? command : [...inRelaysPlace(settings['READINESSD_SUPERVISOR_URL']), ...command, '--events'];
    const stdio = form === 'poll' ? 'ignore' : 'pipe';
    this.child = spawn(program, args, {
      stdio: [stdio, stdio, stderr],
      env: { PATH: process.env['PATH'], ...quickSettings(directory), ...settings },
    });
    this.log = collect(this.child, 'stderr');
    this.child.stdout?.resume();
    this.closed = new Promise((resolve) => this.child.once('close', resolve));
    cleanUp(t, () => end(this.child));
  }
}

/**
 * Where the files of a test lie, periods that it need not wait for, and time for a supervisord that does not get to run. A hook
 * that is not there yet is none: at another path than the default it would be missing.
 */
export function quickSettings(directory: string) {
  const hook = join(directory, 'hook');
  return {
    READINESSD_SOCKET: join(directory, 'r.sock'),
    READINESSD_HOOK: lstatSync(hook, { throwIfNoEntry: false }) === undefined ? 'none' : hook,
    READINESSD_PERIOD_READY: '200ms',
    READINESSD_PERIOD_NOT_READY: '100ms',
    READINESSD_RPC_TIMEOUT: '30s',
  };
}

/** Waits for the daemon's end; gives its exit code. */
export async function ended({ child, closed }: TestDaemon): Promise<number | null> {
  await closed;
  return child.exitCode;
}

/** Asks the socket for a path. */
export function httpGet(socketPath: string, path: string, method = 'GET', sent = ''): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method, agent: false, timeout: patienceMs }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.setHeader('content-length', Buffer.byteLength(sent)).end(sent);
  });
}

/** Records each different first line that a daemon shows, until it is stopped, and what it shows then. */
export function watchVerdicts(daemon: { body(): Promise<string> }): { stop(): Promise<string[]> } {
  const seen: string[] = [];
  let isStopped = false;
  const watching = (async () => {
    for (let isLast = false; !isLast; ) {
      isLast = isStopped;
      const line = (await daemon.body()).split('\n', 1)[0] ?? '';
      if (seen.at(-1) !== line) seen.push(line);
      // A test that has failed stops nothing, and must not be kept from ending.
      await new Promise((resolve) => setTimeout(resolve, 2).unref());
    }
  })();
  return {
    async stop() {
      isStopped = true;
      const waiting = setInterval(() => {}, 1000);
      await watching;
      clearInterval(waiting);
      return seen;
    },
  };
}
