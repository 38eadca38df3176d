import type { Found, Sight } from '../../shared/report.ts';
import type { ProcessInfo } from '../supervisor/client.ts';
import { fullName, keyOf } from '../supervisor/names.ts';
import { processState as state, stateNames } from '../supervisor/states.ts';
import { commandOf, linesOf, type Supervisord } from './ask.ts';
import type { Facts } from './facts.ts';
import { startPrograms } from './start.ts';

const maxLines = 5;
const maxLogLines = 4;

/** The most programs that are shown. */
const maxSights = 8;

/** What start programs, the daemon and programs with a problem do now, and what they printed last. */
export async function lookAtPrograms(facts: Facts, found: readonly Found[]): Promise<Sight[]> {
  const { supervisord, daemons } = facts;
  if (supervisord instanceof Error) return [];
  const named = new Set(found.flatMap(({ level, finding }) => (level !== 'ok' && 'program' in finding ? [finding.program] : [])));
  const wanted = new Map<string, readonly [Sight['about'], ProcessInfo]>();
  for (const process of startPrograms(facts)?.live ?? []) wanted.set(keyOf(process), ['start', process]);
  for (const process of daemons) wanted.set(keyOf(process), ['daemon', process]);
  const now = await supervisord.again().catch(() => supervisord.processes);
  for (const process of now)
    if (named.has(fullName(process)) && !wanted.has(keyOf(process))) wanted.set(keyOf(process), ['program', process]);
  const log = await supervisord.readLog();
  const shown = [...wanted].slice(0, maxSights);
  return Promise.all(
    shown.map(async ([key, [about, process]]) => {
      const sight = describe(about, now.find((one) => keyOf(one) === key) ?? process, { ...supervisord, log });
      // Output and log are only shown for programs with a problem.
      return named.has(sight.program) ? { ...sight, output: await outputOf(process, supervisord) } : { ...sight, log: [] };
    }),
  );
}

function describe(about: Sight['about'], process: ProcessInfo, { configs, log }: Supervisord): Sight {
  const command = commandOf({ configs }, process);
  const isRunning = process.pid > 0;
  const sinceS = isRunning ? process.start : process.stop;
  const lines = linesOf(log, process.name);
  const starts = lines.filter((line) => line.includes(` spawned: '${process.name}' `)).length;
  return {
    about,
    program: fullName(process),
    state: stateNames.get(process.state) ?? String(process.state),
    ...(sinceS > 0 && process.now >= sinceS ? { sinceMs: (process.now - sinceS) * 1000 } : {}),
    ...(isRunning ? { pid: process.pid } : {}),
    ...(process.state === state.EXITED ? { exitStatus: process.exitstatus } : {}),
    ...(starts > 1 ? { restarts: starts - 1 } : {}),
    ...(command === undefined ? {} : { command }),
    output: [],
    log: lines.slice(-maxLogLines),
  };
}

async function outputOf(process: ProcessInfo, supervisord: Supervisord): Promise<Sight['output']> {
  const files = supervisord.logFiles.get(keyOf(process)) ?? { stdout: '', stderr: '' };
  const streams = (['stdout', 'stderr'] as const).filter((stream) => files[stream] !== '');
  return Promise.all(
    streams.map(async (stream) => ({ stream, place: files[stream], lines: linesIn((await supervisord.output(process, stream)) ?? '') })),
  );
}

function linesIn(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .slice(-maxLines);
}
