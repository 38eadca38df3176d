import { type ProcessConfig, type ProcessInfo, sectionsByKey } from '../../supervisor/client.ts';
import { isNamed, keyOf, type ProcessName, type ProgramChoice, type ProgramClass } from '../../supervisor/names.ts';
import { processState } from '../../supervisor/states.ts';
import type { Snapshot } from '../../supervisor/view.ts';
import { isAnother } from '../start/start-programs.ts';

/** The chosen programs at one look. */
export interface Chosen {
  readonly live: readonly ProcessInfo[];
  /** In the configuration, but not live. */
  readonly notLoaded: readonly ProcessName[];
  /** Several sections have the name, and supervisord does not say which one it has loaded. */
  readonly ambiguous: readonly ProcessName[];
  /** Words that match no program. */
  readonly missing: readonly string[];
}

interface Known {
  /** As last seen. */
  readonly process: ProcessInfo;
  readonly isAutostart: boolean;
}

/**
 * Chooses programs. It remembers which live ones have autostart=true, because a `reread` changes
 * the configuration but not what runs: a program keeps its autostart until it has certainly been
 * replaced.
 */
export class Chooser {
  readonly #choice: ProgramChoice;
  readonly #isLeftOut: (program: ProcessName) => boolean;
  #known: ReadonlyMap<string, Known> = new Map();

  /** @param isLeftOut - for programs in no class: start.sh, and readinessd itself */
  constructor(choice: ProgramChoice, isLeftOut: (program: ProcessName) => boolean) {
    this.#choice = choice;
    this.#isLeftOut = isLeftOut;
  }

  choose({ processes, configs }: Snapshot): Chosen {
    const { patterns, classes, without } = this.#choice;
    const sections = sectionsByKey(configs);
    if (classes.includes('autostart')) this.#learn(processes, sections);
    const keys = new Set(processes.map(keyOf));
    const isWithout = (program: ProcessName) => without.some((pattern) => isNamed(pattern, program));
    const isIn = (program: ProcessName, one: ProgramClass, belongs: boolean) =>
      classes.includes(one) && belongs && !this.#isLeftOut(program);
    const isPatterned = (program: ProcessName) => patterns.some((pattern) => isNamed(pattern, program));
    const live = processes.filter((process) => {
      const isAutostart = this.#known.get(keyOf(process))?.isAutostart ?? true;
      const hasStarted = process.start !== 0 || process.state !== processState.STOPPED;
      const isChosen = isPatterned(process) || isIn(process, 'autostart', isAutostart) || isIn(process, 'started', hasStarted);
      return isChosen && !isWithout(process);
    });
    const chosen = configs.filter((config) => {
      const isChosen = isPatterned(config) || isIn(config, 'autostart', config.autostart !== false);
      return isChosen && !isWithout(config);
    });
    const notLoaded = chosen.filter((config) => !keys.has(keyOf(config)));
    const ambiguous = chosen.filter((config) => (sections.get(keyOf(config))?.length ?? 0) > 1);
    const missing = patterns.filter((pattern) => ![...live, ...notLoaded].some((one) => isNamed(pattern, one)));
    const isNobody = patterns.length === 0 && live.length + notLoaded.length === 0;
    return { live, notLoaded, ambiguous, missing: isNobody ? classes : missing.map(({ display }) => display) };
  }

  #learn(processes: readonly ProcessInfo[], sections: ReadonlyMap<string, readonly ProcessConfig[]>): void {
    const before = this.#known;
    this.#known = new Map(
      processes.map((process) => {
        const last = before.get(keyOf(process));
        const own = sections.get(keyOf(process)) ?? [];
        const isSaid = own.some(({ autostart }) => autostart !== false);
        const isKept = last !== undefined && !isAnother(process, last.process);
        // A program without a section counts as autostart, unless something else was known before.
        const isAutostart = isSaid || (isKept ? last.isAutostart : own.length === 0);
        return [keyOf(process), { process, isAutostart }];
      }),
    );
  }
}
