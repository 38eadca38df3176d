import type { ProcessConfig, ProcessInfo } from '../../supervisor/client.ts';
import { isNamed, keyOf, type NamedPrograms } from '../../supervisor/names.ts';
import { type StartBy, whatIsStart } from './what-is-start.ts';

/** What there is to judge at one look. */
export interface StartPrograms {
  /** Live processes that are start.sh, and what makes them so. */
  readonly live: readonly (ProcessInfo & { readonly by: StartBy })[];
  /** Start programs of the configuration that no live process runs. */
  readonly notLive: readonly (ProcessConfig & { readonly why: 'not loaded' | 'another is live' | 'hidden' })[];
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
  #configs: readonly ProcessConfig[] = [];

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
    return processes.length !== this.#known.size || processes.some(isNews);
  }

  /** Takes in what the configuration says, read after the processes were. */
  learn(processes: readonly ProcessInfo[], configs: readonly ProcessConfig[]): void {
    // Of two sections with one name supervisord keeps the last.
    const configOf = new Map(configs.map((config) => [keyOf(config), config]));
    this.#configs = configs;
    this.#remember(processes, (process, before) => {
      if (whatIsStart(process, this.#named) !== 'nothing') return whatIsStart(process, this.#named);
      const config = configOf.get(keyOf(process));
      const byConfig = config === undefined ? undefined : whatIsStart(config, this.#named);
      const isKnown = before !== undefined && !isAnother(process, before.process);
      return isKnown ? (before.by ?? byConfig) : byConfig;
    });
  }

  /** The start programs among the processes as they are now; none of them may be news. */
  sort(processes: readonly ProcessInfo[]): StartPrograms {
    this.#remember(processes, (_process, before) => before?.by);
    const all = [...this.#known.values()];
    const live = all.flatMap(({ process, by }) => (by === undefined || by === 'nothing' ? [] : [{ ...process, by }]));
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

  #remember(processes: readonly ProcessInfo[], by: (process: ProcessInfo, before: KnownProcess | undefined) => StartBy | undefined): void {
    const before = this.#known;
    this.#known = new Map(processes.map((process) => [keyOf(process), { process, by: by(process, before.get(keyOf(process))) }]));
  }

  #notLive(): StartPrograms['notLive'] {
    const last = new Map(this.#configs.map((config) => [keyOf(config), config]));
    const starts = this.#configs.filter((config) => whatIsStart(config, this.#named) !== 'nothing');
    return starts.flatMap((config) => {
      const known = this.#known.get(keyOf(config));
      const why = last.get(keyOf(config)) !== config ? 'hidden' : known === undefined ? 'not loaded' : 'another is live';
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
function isAnother(process: ProcessInfo, before: ProcessInfo): boolean {
  const hasLost = (before.stop !== 0 && process.stop === 0) || (before.start !== 0 && process.start === 0);
  const runsAnew = before.pid !== 0 && process.stop === 0 && process.pid !== before.pid;
  return hasLost || runsAnew || process.logs !== before.logs;
}
