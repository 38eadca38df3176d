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
  /** Where its log goes. `log()` reads a 'pipe'. */
  readonly stderr?: 'pipe' | number;
  /**
   * With 'events' it gets the events of a TestSupervisord of that form, or otherwise a stdin on which nothing
   * ever comes.
   */
  readonly form?: Form;
}

/** For a test that needs no supervisord. */
export const alone = { READINESSD_START_STEP: 'off' };

/** For a probe's environment: a deadline that even a busy machine keeps. */
export const patient = { READINESSD_PROBE_TIMEOUT_MS: '30000' };

/** A socket that a daemon serves, and all ways to ask it. Its functions work when taken apart. */
export class ServedSocket {
  readonly socket: string;
  /** What to show beside a verdict that did not come. */
  log = () => '';

  constructor(socket: string) {
    this.socket = socket;
  }

  /** Asks as a person with curl would. */
  readonly get = (path: string) => httpGet(this.socket, path);
  readonly post = (path: string) => httpGet(this.socket, path, 'POST');

  /** The body of /probe, or '' while nobody answers. */
  readonly body = (): Promise<string> =>
    this.get('/probe').then(
      ({ body }) => body,
      () => '',
    );

  readonly status = async (): Promise<Status> => JSON.parse((await this.get('/status')).body) as Status;

  /** The exit code and output of the shipped probe, with a long deadline by default. */
  readonly probe = (deadline: NodeJS.ProcessEnv = patient): Promise<Finished> => {
    const env = { PATH: process.env['PATH'], READINESSD_SOCKET: this.socket, ...deadline };
    return run(join(tree, 'usr/bin/readiness_probe.sh'), [], { env });
  };

  /** Waits for a verdict that matches, and returns it. */
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

  /** The same, but asks for a cycle each time: for changes that no event reports, such as a reread. */
  readonly expectChecked = async (pattern: RegExp): Promise<string> =>
    until(`the daemon says ${pattern}`, async () => {
      await this.post('/check');
      const body = await this.body();
      return pattern.test(body) ? body : undefined;
    });

  /** Waits until this many more cycles have ended. */
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
      // The age counts up to the answer, so the cycle began no earlier than this. Rounding may be wrong by
      // half a millisecond.
      return askedAtMs - (status.ageMs ?? Number.POSITIVE_INFINITY) > calledAtMs + 1 ? status : undefined;
    });
  };
}

/** The built daemon, with short periods so that a test need not wait. */
export class TestDaemon extends ServedSocket {
  readonly directory: string;
  readonly hook: string;
  readonly child: ChildProcess;
  /** Settles when the daemon has ended and all its output was read. */
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
 * Paths for a test's files, short periods, and time for a supervisord on a busy machine. A missing hook means
 * no hook here, but at a path other than the default it would be an error.
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

/** Waits for the daemon's end. Returns its exit code. */
export async function ended({ child, closed }: TestDaemon): Promise<number | null> {
  await closed;
  return child.exitCode;
}

/** Sends a request for a path to the socket. */
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

/**
 * Records each different first line of the daemon's verdicts, until it is stopped. `stop` returns them and
 * the line shown then.
 */
export function watchVerdicts(daemon: { body(): Promise<string> }): { stop(): Promise<string[]> } {
  const seen: string[] = [];
  let isStopped = false;
  const watching = (async () => {
    for (let isLast = false; !isLast; ) {
      isLast = isStopped;
      const line = (await daemon.body()).split('\n', 1)[0] ?? '';
      if (seen.at(-1) !== line) seen.push(line);
      // A failed test stops nothing, and must still be able to end.
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
