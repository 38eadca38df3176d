import { type ProcessConfig, type ProcessInfo, sectionsByKey } from '../../supervisor/client.ts';
import { isNamed, keyOf, type NamedPrograms, type ProcessName } from '../../supervisor/names.ts';
import { type StartBy, whatIsStart } from './what-is-start.ts';

/** A live process that is start.sh, and why it counts as that. */
export interface LiveStart extends ProcessInfo {
  readonly by: StartBy;
  /** Its section has autorestart=true. Only set where supervisord reports it. */
  readonly runsForEver?: boolean;
}

/** What one look found, for judging. */
export interface StartPrograms {
  readonly live: readonly LiveStart[];
  /** Start programs of the configuration that no live process runs. */
  readonly notLive: readonly (ProcessConfig & { readonly why: 'not loaded' | 'another is live' | 'ambiguous' })[];
  /** Live processes whose command supervisord has never reported. */
  readonly unknown: readonly ProcessInfo[];
  /** Names in READINESSD_START_PROGRAMS that supervisord does not have. */
  readonly missing: readonly string[];
}

interface KnownProcess {
  /** As last seen. */
  readonly process: ProcessInfo;
  /** Undefined while supervisord has not reported its command. */
  readonly by: StartBy | undefined;
}

/**
 * Knows which processes are start.sh.
 *
 * supervisord reports commands only from the configuration that it read last, and a `reread`
 * changes that without changing what runs. So what is known of a live process stays until the
 * process has certainly been replaced.
 */
export class StartProgramBook {
  readonly #named: NamedPrograms | undefined;
  /** By key, in the order of the live processes. */
  #known: ReadonlyMap<string, KnownProcess> = new Map();
  /** As read last. supervisord's client returns the same array as long as supervisord's answer is the same. */
  #configs: readonly ProcessConfig[] = [];
  /** By key. Several sections can share a key. */
  #sections: ReadonlyMap<string, readonly ProcessConfig[]> = new Map();
  /** The sections that are start.sh, by key. */
  #startSections: readonly (readonly [key: string, config: ProcessConfig])[] = [];

  /** A group was removed after the configuration was read. */
  #isOutdated = false;

  /** @param named - READINESSD_START_PROGRAMS, if it is set */
  constructor(named: NamedPrograms | undefined) {
    this.#named = named;
  }

  /** Whether the configuration must be read: a process is new, has replaced another, or is gone. */
  hasNews(processes: readonly ProcessInfo[]): boolean {
    const isNews = (process: ProcessInfo) => {
      const before = this.#known.get(keyOf(process));
      return before === undefined || isAnother(process, before.process);
    };
    return this.#isOutdated || processes.length !== this.#known.size || processes.some(isNews);
  }

  /** Takes in the configuration, which must have been read after the processes. */
  learn(processes: readonly ProcessInfo[], configs: readonly ProcessConfig[]): void {
    if (configs !== this.#configs) this.#configure(configs);
    this.#isOutdated = false;
    this.#remember(processes, (process, before) => {
      const byConfig = this.#byConfig(process);
      if (before === undefined || isAnother(process, before.process)) return byConfig;
      // This section is newer than the process, so the process may run something else. It can make
      // the process a start.sh, but cannot rule that out.
      return before.by ?? (byConfig === 'nothing' ? undefined : byConfig);
    });
  }

  /** Why a live process is start.sh; undefined where that is not known. */
  whatIs(process: ProcessName): StartBy | undefined {
    const known = this.#known.get(keyOf(process));
    if (known !== undefined) return known.by;
    const byName = whatIsStart(process, this.#named);
    return byName === 'nothing' ? undefined : byName;
  }

  /** Whether a program is start.sh or may be. It may be live, or only in the configuration. */
  mayBeStart(program: ProcessName & { readonly command?: string | undefined }): boolean {
    const known = this.#known.get(keyOf(program));
    return (known === undefined ? whatIsStart(program, this.#named) : known.by) !== 'nothing';
  }

  /** The start programs among these processes. hasNews() must be false for them. */
  sort(processes: readonly ProcessInfo[]): StartPrograms {
    this.#remember(processes, (_process, before) => before?.by);
    const all = [...this.#known.values()];
    const live: LiveStart[] = [];
    for (const { process, by } of all) {
      if (by === undefined || by === 'nothing') continue;
      const runsForEver = this.#sections.get(keyOf(process))?.some((section) => section.runsForEver) === true;
      live.push({ ...process, by, ...(runsForEver ? { runsForEver } : {}) });
    }
    const notLive = this.#notLive();
    const patterns = this.#named?.patterns ?? [];
    return {
      live,
      notLive,
      // With READINESSD_START_PROGRAMS the name alone decides, so every process is known.
      unknown: this.#named === undefined ? all.filter(({ by }) => by === undefined).map(({ process }) => process) : [],
      missing: patterns.filter((pattern) => ![...live, ...notLive].some((one) => isNamed(pattern, one))).map(({ display }) => display),
    };
  }

  /** Forgets a removed group: later processes with these names are other ones, and the configuration has changed. */
  forgetGroup(group: string): void {
    this.#isOutdated = true;
    this.#known = new Map([...this.#known].filter(([, { process }]) => process.group !== group));
  }

  #remember(processes: readonly ProcessInfo[], by: (process: ProcessInfo, before: KnownProcess | undefined) => StartBy | undefined): void {
    const before = this.#known;
    this.#known = new Map(processes.map((process) => [keyOf(process), { process, by: by(process, before.get(keyOf(process))) }]));
  }

  /** What the configuration makes of a process. If sections share its name, one that is start.sh wins. */
  #byConfig(process: ProcessInfo): StartBy | undefined {
    const byName = whatIsStart(process, this.#named);
    if (byName !== 'nothing') return byName;
    const found = this.#sections.get(keyOf(process))?.map((config) => whatIsStart(config, this.#named)) ?? [];
    return found.find((by) => by !== 'nothing') ?? found[0];
  }

  #configure(configs: readonly ProcessConfig[]): void {
    this.#configs = configs;
    this.#sections = sectionsByKey(configs);
    this.#startSections = [...this.#sections].flatMap(([key, sections]) => {
      const config = sections.find((one) => whatIsStart(one, this.#named) !== 'nothing');
      return config === undefined ? [] : [[key, config] as const];
    });
  }

  #notLive(): StartPrograms['notLive'] {
    return this.#startSections.flatMap(([key, config]) => {
      const known = this.#known.get(key);
      // supervisord loads one of them, but its answers do not say which.
      const isAmbiguous = (this.#sections.get(key)?.length ?? 0) > 1;
      const why = isAmbiguous ? 'ambiguous' : known === undefined ? 'not loaded' : 'another is live';
      return why === 'another is live' && known?.by !== 'nothing' ? [] : [{ ...config, why }];
    });
  }
}

/**
 * Whether a process is certainly not the one seen earlier under its name. One of these proves it:
 * - It has lost its last start or stop. supervisord keeps both as long as it has the process.
 * - It has another pid, though it has never stopped.
 * - Its logs have other names. Where the section names none, supervisord makes up new names for
 *   each process that it adds.
 *
 * Other times prove nothing: the same process may have been started again. Which time is later
 * proves nothing either, because clocks are set back.
 */
export function isAnother(process: ProcessInfo, before: ProcessInfo): boolean {
  const hasLost = (before.stop !== 0 && process.stop === 0) || (before.start !== 0 && process.start === 0);
  const hasNewPid = before.pid !== 0 && process.stop === 0 && process.pid !== before.pid;
  return hasLost || hasNewPid || process.logs !== before.logs;
}
