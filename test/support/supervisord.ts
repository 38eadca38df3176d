import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chosenRelease, supervisorRoot } from './cache.ts';
import { httpGet } from './daemon.ts';
import { type Form, relaySection, testForm } from './form.ts';
import { end, type Finished, run } from './run.ts';
import { type Context, cleanUp, scratchDirectory, until } from './scratch.ts';

export interface SupervisordOptions {
  /** user:password that its socket asks for. */
  readonly credentials?: readonly [user: string, password: string];
  /** A TCP port instead of the Unix socket. */
  readonly port?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Changes the whole configuration, perhaps so that nobody can ask this supervisord anything. */
  readonly edit?: (configuration: string) => string;
  /** 'events' keeps a place as event listener for a TestDaemon of that form. */
  readonly form?: Form;
}

/** Where supervisord and supervisorctl are: in Debian's package, unless the run chose another release. */
export const bin = chosenRelease === undefined ? '' : join(supervisorRoot(chosenRelease), 'usr/bin/');

/** A real supervisord with a configuration in a directory of the test's own. */
export class TestSupervisord {
  readonly directory: string;
  readonly url: string;
  child!: ChildProcess;
  readonly #options: SupervisordOptions;

  private constructor(directory: string, options: SupervisordOptions) {
    this.directory = directory;
    this.#options = options;
    this.url = options.port === undefined ? `unix://${join(directory, 's.sock')}` : `http://127.0.0.1:${options.port}`;
  }

  /** @param programs - sections of the configuration */
  static async start(t: Context, programs: string, options: SupervisordOptions = {}): Promise<TestSupervisord> {
    const supervisord = new TestSupervisord(scratchDirectory(t), options);
    supervisord.configure(programs);
    // First, because a failed launch may leave it running.
    cleanUp(t, () => supervisord.stop());
    await supervisord.launch();
    return supervisord;
  }

  async launch(): Promise<void> {
    // No pipes, because Node's are sockets: the shipped entry logs to /dev/fd/2, and a socket cannot be
    // opened by that name.
    this.child = spawn(`${bin}supervisord`, ['-n', '-c', this.#file], { stdio: 'ignore', env: { ...process.env, ...this.#options.env } });
    await until(`supervisord is up (see ${this.directory}/supervisord.log)`, () => this.#isUp());
  }

  async #isUp(): Promise<boolean> {
    if (this.#options.edit !== undefined) return this.log().includes('supervisord started');
    if (this.#options.port !== undefined) return (await this.ctl('pid')).code === 0;
    // It may ask for a password.
    return this.call('getPID').then(
      (reply) => reply.includes('<int>') || this.#options.credentials !== undefined,
      () => false,
    );
  }

  /** Its log. */
  log(): string {
    const path = join(this.directory, 'supervisord.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Writes the configuration. `reread` and `update` load it. */
  configure(programs: string): void {
    const [user, password] = this.#options.credentials ?? [];
    const auth = user === undefined ? '' : `username=${user}\npassword=${password}\n`;
    const server =
      this.#options.port === undefined
        ? `[unix_http_server]\nfile=${join(this.directory, 's.sock')}\n${auth}`
        : `[inet_http_server]\nport=127.0.0.1:${this.#options.port}\n${auth}`;
    const rpc = 'supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface';
    const { edit = (text: string) => text, form = testForm, port } = this.#options;
    const relay = form === 'events' && port === undefined ? relaySection(this.url) : '';
    writeFileSync(
      this.#file,
      edit(`[supervisord]
logfile=${join(this.directory, 'supervisord.log')}
pidfile=${join(this.directory, 'supervisord.pid')}
childlogdir=${this.directory}
user=root
${server}
[rpcinterface:supervisor]
${rpc}
[supervisorctl]
serverurl=${this.url}
${auth}
${relay}
${programs}
`),
    );
  }

  /** The configuration as last written. */
  configuration(): string {
    return readFileSync(this.#file, 'utf8');
  }

  /** Adds sections. `reread` and `update` load them. */
  add(programs: string): void {
    appendFileSync(this.#file, programs);
  }

  ctl(...words: string[]): Promise<Finished> {
    return run(`${bin}supervisorctl`, ['-c', this.#file, ...words]);
  }

  /** As `callSupervisord`. */
  call(method: string, ...strings: readonly string[]): Promise<string> {
    return callSupervisord(join(this.directory, 's.sock'), method, ...strings);
  }

  async stop(): Promise<void> {
    await end(this.child);
  }

  get #file(): string {
    return join(this.directory, 'supervisord.conf');
  }
}

/** Asks over XML-RPC, which costs less than supervisorctl. Returns the reply's text. */
export async function callSupervisord(socket: string, method: string, ...strings: readonly string[]): Promise<string> {
  const params = strings.map((text) => `<param><value><string>${text}</string></value></param>`).join('');
  const body = `<?xml version="1.0"?><methodCall><methodName>supervisor.${method}</methodName><params>${params}</params></methodCall>`;
  return (await httpGet(socket, '/RPC2', 'POST', body)).body;
}
