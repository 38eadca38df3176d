import type { ProcessConfig, ProcessInfo } from '../../supervisor/client.ts';
import { runsStartScript } from './command.ts';

const startNames = new Set(['start', 'start.sh']);

/** What there is to judge at one look. */
export interface StartPrograms {
  /** Live processes that are start.sh. */
  readonly taken: readonly ProcessInfo[];
  /** Start programs of the configuration that are not loaded, in the middle of an update for example. */
  readonly notLoaded: readonly ProcessConfig[];
  /** Live processes of which it was never known what they run. */
  readonly unknown: readonly ProcessInfo[];
}

interface KnownProcess {
  /** As it was when the configuration was read. */
  readonly process: ProcessInfo;
  /** Undefined: supervisord has not told what it runs. */
  readonly isStart: boolean | undefined;
}

/**
 * Knows which processes are start.sh, and when that knowledge is out of date.
 *
 * supervisord tells a process's command only by the configuration as last read, in a reply too costly for
 * every cycle. So each live process keeps what was known of it until it may be another one: when it has been started
 * or has ended, an update may have put another program under its name.
 */
export class StartProgramBook {
  /** Undefined until the configuration has been read. */
  #known: ReadonlyMap<string, KnownProcess> | undefined;
  #notLoaded: readonly ProcessConfig[] = [];

  /**
   * Whether the processes can be judged without asking for the configuration (again).
   *
   * @param justLearned - the configuration was read in this same look; then a new run matters only for start
   *   programs, since others may crash and restart faster than they can be asked about
   * @param isCheap - the configuration may be read on mere suspicion: a program that has never been started shows
   *   nothing when an update replaces it
   */
  isCurrent(processes: readonly ProcessInfo[], justLearned: boolean, isCheap: boolean): boolean {
    if (processes.length !== this.#known?.size) return false;
    if (!justLearned && (this.#notLoaded.length > 0 || (isCheap && processes.some(({ start }) => start === 0)))) return false;
    return processes.every((process) => {
      const known = this.#known?.get(keyOf(process));
      if (known === undefined) return false;
      if (isStartName(process) || (justLearned && known.isStart !== true)) return true;
      return isSameRun(process, known.process) && (justLearned || !isFresh(known.process));
    });
  }

  /** Takes in what the configuration says of the processes. */
  learn(processes: readonly ProcessInfo[], configs: readonly ProcessConfig[]): void {
    const configOf = new Map(configs.map((config) => [keyOf(config), config]));
    const before = this.#known;
    this.#known = new Map(
      processes.map((process) => {
        const key = keyOf(process);
        return [key, { process, isStart: isStartNow(process, before?.get(key), configOf.get(key)) }];
      }),
    );
    this.#notLoaded = configs.filter((config) => !config.inuse && isStartConfig(config));
  }

  /** The start programs among the processes; call it when they are current. */
  sort(processes: readonly ProcessInfo[]): StartPrograms {
    const isStart = (process: ProcessInfo) => this.#known?.get(keyOf(process))?.isStart;
    return {
      taken: processes.filter((process) => isStart(process) === true),
      notLoaded: this.#notLoaded,
      unknown: processes.filter((process) => isStart(process) === undefined),
    };
  }
}

function isStartNow(process: ProcessInfo, before: KnownProcess | undefined, config: ProcessConfig | undefined): boolean | undefined {
  if (isStartName(process)) return true;
  const byConfig = config === undefined ? undefined : isStartConfig(config);
  if (before === undefined || isAnother(process, before.process)) return byConfig;
  // The same process, or perhaps another: a reread changes the configuration of a live process without changing the
  // process. So what was start.sh stays so, and what the configuration calls so now is taken for it.
  return before.isStart === true ? true : (byConfig ?? before.isStart);
}

function isSameRun(process: ProcessInfo, before: ProcessInfo): boolean {
  return process.start === before.start && process.stop === before.stop && process.pid === before.pid;
}

/**
 * supervisord's times are whole seconds: one that was started or has ended in the second of the look may have been
 * replaced in that same second by one that shows the same.
 */
function isFresh({ start, stop, now }: ProcessInfo): boolean {
  return start === now || stop === now;
}

/**
 * supervisord keeps the last stop of a process for as long as it has it: one that has lost it is new, and so is one that
 * runs anew without having stopped. (One that cannot be spawned is started again and again, and never stops.)
 */
function isAnother(process: ProcessInfo, before: ProcessInfo): boolean {
  return process.stop < before.stop || (process.stop === 0 && before.pid !== 0 && !isSameRun(process, before));
}

function isStartConfig(config: ProcessConfig): boolean {
  return whyStart(config) !== undefined;
}

/** What makes a program a start.sh; undefined when nothing does. */
export function whyStart(program: {
  readonly name: string;
  readonly group: string;
  readonly command?: string | undefined;
}): 'name' | 'group' | 'command' | undefined {
  if (startNames.has(program.name)) return 'name';
  if (isStartName(program)) return 'group';
  return program.command !== undefined && runsStartScript(program.command) ? 'command' : undefined;
}

/**
 * By name. The copies of a program with `numprocs`, or with a `process_name`, have names of their own,
 * but their group bears the program's name.
 */
function isStartName({ name, group }: { readonly name: string; readonly group: string }): boolean {
  return startNames.has(name) || startNames.has(group);
}

/** What supervisord knows a process by. */
export function keyOf({ name, group }: { readonly name: string; readonly group: string }): string {
  return `${group}:${name}`;
}
