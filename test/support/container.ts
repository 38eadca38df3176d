import { spawn } from 'node:child_process';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { withoutEvents } from '../../daemon/print-conf/print-conf.ts';
import { chosenRelease, debianRoot, nodeRoot, supervisorRoot } from './cache.ts';
import { patient, ServedSocket } from './daemon.ts';
import { type Form, testForm } from './form.ts';
import { commandOf } from './process.ts';
import { end, type Finished, run } from './run.ts';
import { runcConfig } from './runc-config.ts';
import { type Context, cleanUp, replaceScript, scratchDirectory, tree, until } from './scratch.ts';
import { goodStart } from './set-up.ts';

export interface ContainerOptions {
  /** Files to put into the image: a path, and a script or configuration. */
  readonly files?: Readonly<Record<string, string>>;
  /** A release of supervisor instead of Debian's. */
  readonly supervisor?: string | undefined;
  /** Roots over Debian's. */
  readonly layers?: readonly string[];
  /** Roots with Node.js and Debian instead of the tests' own, the upper one first. */
  readonly base?: readonly string[];
  /** A whole root instead of Debian, Node and the tree. */
  readonly image?: string;
  /** PID 1. */
  readonly command?: readonly string[];
  /** User and group of everything in it. */
  readonly user?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Only /run can be written. */
  readonly isReadOnly?: boolean;
  readonly memoryLimit?: number;
  readonly sharesPids?: boolean;
  /** The ID in the name of its control group, as runtimes name it. */
  readonly runtimeId?: string;
  /** A command prefix that runs a command on another machine than this one (see machine.ts). */
  readonly by?: readonly string[];
  /** The entry in its files, or the alternative that polls. */
  readonly form?: Form;
}

/** Files for an image: a start.sh that ends well. */
export const goodStartFiles = {
  'usr/bin/start.sh': '#!/bin/sh\nexit 0\n',
  'etc/supervisor/conf.d/start.conf': goodStart.replace('command=true', 'command=/usr/bin/start.sh'),
};

export const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

const supervisord = ['/usr/bin/supervisord', '-n', '-c', '/etc/supervisor/supervisord.conf'];

const shippedEntry = 'etc/supervisor/conf.d/readinessd.conf';

/** A container as containerd would run it, with runc: Debian, Node.js and the tree as layers, supervisord as PID 1. */
export class TestContainer {
  readonly id: string;
  readonly directory: string;
  /** Its root file system, seen from outside. */
  readonly root: string;
  readonly runtimeId: string | undefined;
  readonly #by: readonly string[];

  constructor(directory: string, { by = [], runtimeId }: ContainerOptions = {}) {
    this.directory = directory;
    this.runtimeId = runtimeId;
    this.#by = by;
    this.id = `readinessd-${basename(directory)}`;
    this.root = join(directory, 'root');
  }

  /** Creates a container, but does not start it. */
  static async create(t: Context, options: ContainerOptions): Promise<TestContainer> {
    const container = new TestContainer(scratchDirectory(t), options);
    await container.#mountRoot(t, options);
    const spec = runcConfig({ ...options, root: container.root, command: options.command ?? supervisord });
    writeFileSync(join(container.directory, 'config.json'), JSON.stringify(spec));
    const log = await container.#openLog(t);
    cleanUp(t, () => container.runc('delete', '--force', container.id));
    const created = await container.runc('create', '--bundle', container.directory, container.id, log);
    closeSync(log);
    if (created.code !== 0) throw new Error(`runc create: ${container.log()}`);
    return container;
  }

  static async start(t: Context, options: ContainerOptions): Promise<TestContainer> {
    const container = await TestContainer.create(t, options);
    await container.start();
    return container;
  }

  async start(): Promise<void> {
    const { code, stderr } = await this.runc('start', this.id);
    if (code !== 0) throw new Error(`runc start: ${stderr}`);
  }

  /** Calls runc. A number at the end is a file for its output, which the container then has too. */
  runc(...words: (string | number)[]): Promise<Finished> {
    const output = typeof words.at(-1) === 'number' ? (words.pop() as number) : 'pipe';
    const [runc, ...args] = this.runcCommand(...words.map(String));
    return run(runc, args, { stdio: ['ignore', output, output] });
  }

  /** The command line of a runc call. */
  runcCommand(...words: string[]): [program: string, ...args: string[]] {
    const [program = '', ...args] = [...this.#by, 'runc', '--root', join(this.directory, 'runc'), ...words];
    return [program, ...args];
  }

  /** Runs a program in it, as a kubelet's runtime runs the probe. */
  exec(...words: string[]): Promise<Finished> {
    return this.runc('exec', this.id, ...words);
  }

  /** Probes with a long deadline, because no test here is about the probe's time. */
  probe(): Promise<Finished> {
    const patience = Object.entries(patient).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    return this.runc('exec', ...patience, this.id, '/usr/bin/readiness_probe.sh');
  }

  /** Probes until the first line matches. Returns the first lines before it, each change once. */
  async becomes(pattern: RegExp): Promise<string[]> {
    const seen: string[] = [];
    await until(`the probe says ${pattern}`, async () => {
      const { code, stdout, stderr } = await this.probe();
      const line = stdout === '' ? `no probe: ${code} ${stderr.replaceAll(/time="\S+"/g, '')}` : firstLine(stdout);
      if (pattern.test(line)) return true;
      if (seen.at(-1) !== line) seen.push(line);
      return false;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it said ${JSON.stringify(seen)}; the container's log: ${this.log()}`);
    });
    return seen;
  }

  /** Puts a script into the running container. */
  script(path: string, text: string): void {
    replaceScript(join(this.root, path), text);
  }

  log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8');
  }

  async state(): Promise<{ readonly status: string; readonly pid: number }> {
    return JSON.parse((await this.runc('state', this.id)).stdout);
  }

  /** The daemon's socket at its usual path, for questions from outside. */
  async served(): Promise<ServedSocket> {
    return new ServedSocket(`/proc/${(await this.state()).pid}/root/run/readinessd.sock`);
  }

  /** Its processes, by their numbers outside. */
  async pids(): Promise<number[]> {
    return JSON.parse((await this.runc('ps', '--format', 'json', this.id)).stdout) as number[];
  }

  /** A process with this text in its command. */
  async find(text: string): Promise<number | undefined> {
    return (await this.pids()).find((pid) => commandOf(pid).includes(text));
  }

  async #mountRoot(t: Context, options: ContainerOptions): Promise<void> {
    const { files = {}, image, layers = [], base, form = testForm ?? 'events' } = options;
    // A release is made for the Python of the tests' own Debian.
    const { supervisor = base === undefined ? chosenRelease : undefined } = options;
    const upper = join(this.directory, 'upper');
    for (const name of [upper, this.root, join(this.directory, 'work')]) mkdirSync(name);
    if (image === undefined) cpSync(tree, upper, { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(upper, path)), { recursive: true });
      writeFileSync(join(upper, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
    }
    const release = supervisor === undefined ? [] : [supervisorRoot(supervisor)];
    const lower = image ?? [...layers, ...release, ...(base ?? [nodeRoot(), debianRoot()])].join(':');
    const directories = `lowerdir=${lower},upperdir=${upper},workdir=${join(this.directory, 'work')}`;
    const mounted = await this.#onMachine('mount', '-t', 'overlay', 'overlay', '-o', directories, this.root);
    if (mounted.code !== 0) throw new Error(`cannot mount ${directories}: ${mounted.stderr}`);
    cleanUp(t, () => this.#onMachine('umount', '-l', this.root));
    const entry = join(this.root, shippedEntry);
    if (form === 'poll' && existsSync(entry)) writeFileSync(entry, withoutEvents(readFileSync(entry, 'utf8')));
  }

  #onMachine(...words: string[]): Promise<Finished> {
    const [program = '', ...args] = [...this.#by, ...words];
    return run(program, args);
  }

  /** A pipe whose other end is copied to a file. Under containerd a container's stdout is such a pipe. */
  async #openLog(t: Context): Promise<number> {
    const pipe = join(this.directory, 'pipe');
    await run('mkfifo', [pipe]);
    const writer = openSync(pipe, 'r+');
    const file = openSync(join(this.directory, 'log'), 'a');
    const reader = spawn('cat', [pipe], { stdio: ['ignore', file, 'ignore'] });
    closeSync(file);
    cleanUp(t, () => end(reader));
    return writer;
  }
}
