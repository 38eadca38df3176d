import { type ProcessConfig, type ProcessInfo, sectionsByKey } from '../../supervisor/client.ts';
import { isNamed, keyOf, type NamedPrograms, type ProcessName } from '../../supervisor/names.ts';
import { type StartBy, whatIsStart } from './what-is-start.ts';

/** A live process that is start.sh, and what makes it so. */
export interface LiveStart extends ProcessInfo {
  readonly by: StartBy;
  /** Its section says so; where supervisord tells. */
  readonly runsForEver?: boolean;
}

/** What there is to judge at one look. */
export interface StartPrograms {
  readonly live: readonly LiveStart[];
  /** Start programs of the configuration that no live process runs. */
  readonly notLive: readonly (ProcessConfig & { readonly why: 'not loaded' | 'another is live' | 'ambiguous' })[];
  /** Live processes of which it was never known what they run. */
  readonly unknown: readonly ProcessInfo[];
  /** What READINESSD_START_PROGRAMS names and supervisord has not. */
  readonly missing: readonly string[];
}

interface KnownProcess {
  /** As it was when it was last seen. */
  readonly process: ProcessInfo;
  /** Undefined: supervisord has not told what it runs. */
  readonly by: StartBy | undefined;
}

/**
 * Knows which processes are start.sh.
 *
 * supervisord tells commands only of the configuration as last read, and a `reread` changes that without changing what
 * runs. So a live process keeps what was known of it, until it has certainly been replaced.
 */
export class StartProgramBook {
  readonly #named: NamedPrograms | undefined;
  /** By key, in the order of the live processes. */
  #known: ReadonlyMap<string, KnownProcess> = new Map();
  /** As it was learnt last: supervisord's client gives the same as long as supervisord does. */
  #configs: readonly ProcessConfig[] = [];
  /** By key: more than one where sections share it. */
  #sections: ReadonlyMap<string, readonly ProcessConfig[]> = new Map();
  /** Those of them that are start.sh, with the section that is. */
  #startSections: readonly (readonly [key: string, config: ProcessConfig])[] = [];

  /** A group is gone since the configuration was read. */
  #isOutdated = false;

  /** @param named - READINESSD_START_PROGRAMS, where it is set */
  constructor(named: NamedPrograms | undefined) {
    this.#named = named;
  }

  /** Whether the configuration must be asked: a process is new, has taken another's place, or is gone. */
  hasNews(processes: readonly ProcessInfo[]): boolean {
    const isNews = (process: ProcessInfo) => {
      const before = this.#known.get(keyOf(process));
      return before === undefined || isAnother(process, before.process);
    };
    return this.#isOutdated || processes.length !== this.#known.size || processes.some(isNews);
  }

  /** Takes in what the configuration says, read after the processes were. */
  learn(processes: readonly ProcessInfo[], configs: readonly ProcessConfig[]): void {
    if (configs !== this.#configs) this.#configure(configs);
    this.#isOutdated = false;
    this.#remember(processes, (process, before) => {
      const byConfig = this.#byConfig(process);
      if (before === undefined || isAnother(process, before.process)) return byConfig;
      // A section that comes after the process may be another's: it says what is start.sh, and not what is none.
      return before.by ?? (byConfig === 'nothing' ? undefined : byConfig);
    });
  }

  /** What makes a live process start.sh; undefined where that is not known. */
  whatIs(process: ProcessName): StartBy | undefined {
    const known = this.#known.get(keyOf(process));
    if (known !== undefined) return known.by;
    const byName = whatIsStart(process, this.#named);
    return byName === 'nothing' ? undefined : byName;
  }

  /** Whether a program, live or only of the configuration, is start.sh or may be. */
  mayBeStart(program: ProcessName & { readonly command?: string | undefined }): boolean {
    const known = this.#known.get(keyOf(program));
    return (known === undefined ? whatIsStart(program, this.#named) : known.by) !== 'nothing';
  }

  /** The start programs among the processes as they are now; none of them may be news. */
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
      // By names alone it is known of each.
      unknown: this.#named === undefined ? all.filter(({ by }) => by === undefined).map(({ process }) => process) : [],
      missing: patterns.filter((pattern) => ![...live, ...notLive].some((one) => isNamed(pattern, one))).map(({ display }) => display),
    };
  }

  /** Its processes are gone: those that come under their names are others, and the configuration is another. */
  forgetGroup(group: string): void {
    this.#isOutdated = true;
    this.#known = new Map([...this.#known].filter(([, { process }]) => process.group !== group));
  }

  #remember(processes: readonly ProcessInfo[], by: (process: ProcessInfo, before: KnownProcess | undefined) => StartBy | undefined): void {
    const before = this.#known;
    this.#known = new Map(processes.map((process) => [keyOf(process), { process, by: by(process, before.get(keyOf(process))) }]));
  }

  /** What the configuration makes of a process: of sections that share its name, one that is start.sh. */
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
      // supervisord loads one of them; which, its answers do not tell.
      const isAmbiguous = (this.#sections.get(key)?.length ?? 0) > 1;
      const why = isAmbiguous ? 'ambiguous' : known === undefined ? 'not loaded' : 'another is live';
      return why === 'another is live' && known?.by !== 'nothing' ? [] : [{ ...config, why }];
    });
  }
}

/**
 * Whether a process is certainly not the one that was seen under its name before: it has lost its last start or stop, which
 * supervisord keeps as long as it has the process; it runs anew without having stopped; or its logs have other names, which
 * supervisord makes up for each process that it adds where the section gives none. A run at another time may be the same
 * process started again. Nothing is said by which of two times is later, for clocks are set back.
 */
export function isAnother(process: ProcessInfo, before: ProcessInfo): boolean {
  const hasLost = (before.stop !== 0 && process.stop === 0) || (before.start !== 0 && process.start === 0);
  const runsAnew = before.pid !== 0 && process.stop === 0 && process.pid !== before.pid;
  return hasLost || runsAnew || process.logs !== before.logs;
}
