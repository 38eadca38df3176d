import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TestDaemon } from '../daemon.ts';
import { type Context, replaceFile, replaceScript, scratchDirectory, until, writeScript } from '../scratch.ts';
import { TestSupervisord } from '../supervisord.ts';
import type { Era, HookState, Settling, StartState, World } from './model.ts';

export type RealStart = Exclude<StartState, 'fatal' | 'restarting'>;
export type RealHook = Exclude<HookState, 'absent'>;
export type RealProgram = 'up' | 'stopped';

export const settling: Settling = { firstMs: 500, againMs: 500 };

/** Long enough for a busy machine to start a shell, and short enough to wait for. */
const settings = {
  READINESSD_RPC_TIMEOUT: '2s',
  READINESSD_HOOK_TIMEOUT: '3s',
  READINESSD_PROGRAMS: 'web',
  READINESSD_SETTLED_AFTER: `${settling.againMs}ms`,
};
const web = '[program:web]\ncommand=/bin/sleep 1000000\nautostart=false\nautorestart=false\nstartsecs=0\nstopsignal=KILL\n';
const hookScripts: Readonly<Record<RealHook, string>> = {
  missing: '',
  good: 'exit 0',
  failing: 'echo "3 of 4"; exit 17',
  hanging: 'sleep 1000',
  'not executable': 'exit 0',
};

const atFirst: World = { start: 'absent', config: 'loaded', hook: 'good', program: 'stopped', check: 'none', fault: 'none' };

/** A world of a real supervisord, start.sh, program, hook and the built daemon. No check is declared. */
export class Container {
  /** The states of the world, and since when. */
  readonly history: Era[] = [{ fromMs: performance.now(), world: atFirst }];
  daemon: TestDaemon;
  readonly #context: Context;
  readonly #directory: string;
  readonly #supervisord: TestSupervisord;

  private constructor(context: Context, directory: string, supervisord: TestSupervisord) {
    this.#context = context;
    this.#directory = directory;
    this.#supervisord = supervisord;
    writeScript(join(directory, 'hook'), hookScripts.good);
    this.daemon = this.#newDaemon();
  }

  static async start(t: Context): Promise<Container> {
    const directory = scratchDirectory(t);
    const container = new Container(t, directory, await TestSupervisord.start(t, web));
    await container.setProgram('up');
    await container.daemon.expect(/^0 /);
    return container;
  }

  get world(): World {
    return (this.history.at(-1) as Era).world;
  }

  /** Brings the world into a state. `world` has it as soon as the change begins. */
  async setStart(start: RealStart): Promise<void> {
    const was = this.world.start;
    if (was === 'running') await this.#rpc('stopProcess', 'start');
    this.#become({ start: was === 'running' ? 'stopped' : was });
    if (start === 'absent' || start === 'never started' || was === 'absent') await this.#load(was, start !== 'absent');
    if (start === 'absent' || start === 'never started') return;
    rmSync(this.#end, { force: true });
    this.#become({ start: 'running' });
    await this.#rpc('startProcess', 'start');
    if (start === 'running') return;
    this.#become({ start });
    if (start === 'stopped') await this.#rpc('stopProcess', 'start');
    else {
      replaceFile(this.#end, start === 'good' ? '0' : '3');
      await until('start.sh has ended', async () => (await this.#rpc('getProcessInfo', 'start')).includes('>EXITED<'));
    }
  }

  /** Restarts a program that is up. */
  async setProgram(program: RealProgram): Promise<void> {
    if (this.world.program === 'up') {
      this.#become({ program: 'stopped' });
      await this.#rpc('stopProcess', 'web');
    }
    if (program === 'stopped') return;
    this.#become({ program: 'up' });
    await this.#rpc('startProcess', 'web');
  }

  setHook(hook: RealHook): void {
    this.#become({ hook });
    if (hook === 'missing') rmSync(this.daemon.hook, { force: true });
    else replaceScript(this.daemon.hook, hookScripts[hook], hook === 'not executable' ? 0o644 : 0o755);
  }

  freezeSupervisord(): void {
    this.#become({ fault: 'supervisord silent' });
    this.#supervisord.child.kill('SIGSTOP');
  }

  thawSupervisord(): void {
    this.#become({ fault: 'none' });
    this.#supervisord.child.kill('SIGCONT');
  }

  /** Stops its programs first, because a killed supervisord leaves them to nobody. */
  async killSupervisord(): Promise<void> {
    if (this.world.start === 'running') await this.setStart('stopped');
    await this.setProgram('stopped');
    this.#become({ fault: 'supervisord gone' });
    this.#supervisord.child.kill('SIGKILL');
  }

  async startSupervisord(): Promise<void> {
    this.#become({ fault: 'none', start: this.world.start === 'absent' ? 'absent' : 'never started' });
    await this.#supervisord.launch();
    await this.setProgram('up');
  }

  /** As supervisord would. */
  async restartDaemon(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = this.daemon;
    child.kill(signal);
    await until('the daemon has ended', () => child.exitCode !== null || child.signalCode !== null);
    this.daemon = this.#newDaemon();
    await until('it is up', async () => (await this.daemon.body()) !== '');
  }

  async freezeDaemon(ms: number): Promise<void> {
    this.daemon.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.daemon.child.kill('SIGCONT');
  }

  async deleteSocket(): Promise<void> {
    rmSync(this.daemon.socket, { force: true });
    await until('the socket is back', () => existsSync(this.daemon.socket));
  }

  #become(change: Partial<World>): void {
    this.history.push({ fromMs: performance.now(), world: { ...this.world, ...change } });
  }

  #newDaemon(): TestDaemon {
    return new TestDaemon(
      this.#context,
      { ...settings, READINESSD_SUPERVISOR_URL: this.#supervisord.url, READINESSD_HOOK: join(this.#directory, 'hook') },
      this.#directory,
    );
  }

  /** Removes start.sh from supervisord, and adds it again, never started, if it is wanted. */
  async #load(was: StartState, isWanted: boolean): Promise<void> {
    const program = `[program:start]\ncommand=${this.#script}\nautostart=false\nautorestart=false\nstartsecs=0\nstopsignal=KILL`;
    this.#supervisord.configure(isWanted ? `${web}${program}` : web);
    await this.#rpc('reloadConfig');
    this.#become({ start: isWanted ? 'never started' : 'absent' });
    if (was !== 'absent') await this.#rpc('removeProcessGroup', 'start');
    if (isWanted) await this.#rpc('addProcessGroup', 'start');
  }

  async #rpc(method: string, ...names: string[]): Promise<string> {
    const reply = await this.#supervisord.call(method, ...names);
    if (reply.includes('<fault>')) throw new Error(`${method} ${names.join(' ')}: ${reply}`);
    return reply;
  }

  get #end(): string {
    return join(this.#directory, 'end');
  }

  get #script(): string {
    return writeScript(join(this.#directory, 'start.sh'), `while ! [ -s ${this.#end} ]; do sleep 0.02; done\nexit "$(cat ${this.#end})"`);
  }
}
