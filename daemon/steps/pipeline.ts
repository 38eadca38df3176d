import { sayDuration } from '../../shared/duration.ts';
import { codeOf } from '../../shared/exit-codes.ts';
import { maxRuns, runBoundMs } from '../process/executable.ts';
import { createLanes } from '../process/lanes.ts';
import { defaultHookPath, isSafetyChecked, type Settings } from '../settings/definitions.ts';
import { SettingsError } from '../settings/settings.ts';
import type { SupervisorAddress } from '../supervisor/address.ts';
import { createSupervisorClient } from '../supervisor/client.ts';
import { findCredentials } from '../supervisor/credentials.ts';
import { type EventFlow, noEvents } from '../supervisor/event-feed.ts';
import { keyOf, type ProcessName } from '../supervisor/names.ts';
import { type SeenProgram, seenPrograms } from '../supervisor/seen.ts';
import { createView, type OnProcesses } from '../supervisor/view.ts';
import type { Check } from './checks/check.ts';
import { createChecks } from './checks/checks.ts';
import { createHookStep } from './hook/hook.ts';
import type { ProgramFinding } from './programs/judge.ts';
import { createProgramsStep, otherPrograms, type Supervision } from './programs/programs.ts';
import { Runs } from './programs/runs.ts';
import { createStartStep, maxCallsPerLook, maxCallsPerRun, type StartStep } from './start/start.ts';
import { failed, failedWith, restForATenth, type Stage, type Step, type StepResult, type Watcher } from './step.ts';

export interface Pipeline {
  /** They run one after the other. */
  readonly stages: readonly Stage[];
  /** The steps that react to supervisord's events. */
  readonly watchers: readonly Watcher[];
  /** The start programs as last seen. */
  readonly startPrograms: () => readonly SeenProgram[];
}

/** What the daemon was started with. */
export interface Surroundings {
  /** For the hook and commands, which get it without credentials. */
  readonly environment: NodeJS.ProcessEnv;
  /** This daemon's name under supervisord, if supervisord runs it. */
  readonly own?: ProcessName | undefined;
  /** supervisord's events, if this daemon gets them. */
  readonly events?: EventFlow;
}

/**
 * With declared checks, all steps of a cycle together may take this long. The age at which a
 * verdict is stale follows from it.
 */
const maxCycleMs = 60_000;

/**
 * The steps of a cycle. A new step is one file beside these and one entry here.
 *
 * @param settings - in force
 * @param checks - declared in files
 * @throws SettingsError when a cycle could take too long
 */
export function createPipeline(settings: Settings, checks: readonly Check[], surroundings: Surroundings): Pipeline {
  const hasPrograms = isSet(settings.programs) || checks.some(({ kind, isOn }) => kind === 'programs' && isOn);
  const { start, supervision, startPrograms } = createSupervision(settings, hasPrograms, surroundings);
  refuseLongPeriods(settings, checks);
  const environment = withoutCredentials(surroundings.environment);
  const hook = hookStep(settings, environment, start.lastRun);
  const programs = programsStep(settings, supervision);
  const declared = createChecks(
    checks,
    { supervision, runner: createLanes(`${settings.socketPath}.check`), environment, checkSafety: isSafetyChecked(settings) },
    () => performance.now(),
    start.lastRunTold,
  );
  const watchers = [...(programs === undefined ? [] : [programs.watcher]), ...declared.watchers];
  const parallel = [hook, ...(programs === undefined ? [] : [programs.step]), ...declared.steps];
  if (!settings.startStep && watchers.length === 0) return { stages: [bounded(parallel, 0, checks)], watchers: [], startPrograms };
  const startStep = startStepOf(settings, start, surroundings.events ?? noEvents);
  return {
    stages: [[startStep], bounded(parallel, startStep.boundMs, checks)],
    watchers: [{ step: startStep.name, ...start }, ...watchers],
    startPrograms,
  };
}

/** How steps see supervisord. The start step asks it, for itself and for all others. */
function createSupervision(settings: Settings, hasPrograms: boolean, { own, events = noEvents }: Surroundings) {
  const now = () => performance.now();
  const runs = new Runs(settings.settledAfterMs);
  const client = createSupervisorClient(supervisorAddress(settings), settings.rpcTimeoutMs, findCredentials);
  const observe: OnProcesses = (processes, askedAtMs, answeredAtMs) => runs.observe(processes, askedAtMs, answeredAtMs);
  const view = createView(client, now, hasPrograms ? observe : () => {});
  // Without the start step nothing is start.sh, but supervisord is still asked about other
  // programs.
  const named = settings.startStep ? settings.startPrograms : { display: 'none', patterns: [] };
  const start = createStartStep(view, named, now, events, hasPrograms);
  const isOwn = (program: ProcessName) => own !== undefined && keyOf(program) === keyOf(own);
  const supervision: Supervision = { snapshot: view.snapshot, runs, isLeftOut: (program) => isOwn(program) || start.mayBeStart(program) };
  return { start, supervision, startPrograms: () => seenPrograms(view.snapshot(), start.mayBeStart, now()) };
}

function isSet(choice: Settings['programs']): choice is NonNullable<Settings['programs']> {
  return choice !== undefined && choice.display !== 'none';
}

function startStepOf(settings: Settings, start: StartStep, events: EventFlow): Step {
  return {
    name: 'start',
    run: start.run,
    boundMs: settings.rpcTimeoutMs,
    worstMs: (events === noEvents ? maxCallsPerLook : maxCallsPerRun) * settings.rpcTimeoutMs,
    lookAgain: true,
    isCurrent: start.isCurrent,
  };
}

/** The step for READINESSD_PROGRAMS. */
function programsStep({ programs: choice }: Settings, supervision: Supervision) {
  if (!isSet(choice)) return undefined;
  const created = createProgramsStep({ choice, wanted: 'running', fail: programsFailed }, supervision);
  const notYet = (found: string) => failed('ProgramNotRunning', { kind: 'programs-hook-rests', found });
  const step: Step = { name: 'programs', run: created.run, boundMs: 0, lookAgain: true, notYet };
  return { step, watcher: { step: step.name, hear: created.hear } };
}

function programsFailed(finding: ProgramFinding, others: number): StepResult {
  const say = (message: string) => message + otherPrograms(others);
  return failedWith(codeOf('ProgramNotRunning'), 'ProgramNotRunning', finding, { say });
}

/** @throws SettingsError when checks are declared and a cycle could take too long */
function bounded(stage: Stage, beforeMs: number, checks: readonly Check[]): Stage {
  const longest = stage.reduce((one, other) => (other.boundMs > one.boundMs ? other : one));
  const totalMs = beforeMs + longest.boundMs;
  if (checks.length === 0 || totalMs <= maxCycleMs) return stage;
  throw new SettingsError(
    `cannot use these checks: a cycle could take ${sayDuration(totalMs)}, until ${longest.name} has ended, and may take ${sayDuration(maxCycleMs)} (commands run two at a time, and have 1.2 s to end): shorten the timeouts`,
  );
}

/** @throws SettingsError when a check's result could stand for longer than a verdict */
function refuseLongPeriods({ staleLimitMs }: Settings, checks: readonly Check[]): void {
  const check = checks.find(({ periodMs }) => staleLimitMs !== undefined && periodMs >= staleLimitMs);
  if (check === undefined) return;
  throw new SettingsError(
    `cannot use the period of check ${JSON.stringify(check.name)} (${check.place}): it must be shorter than READINESSD_STALE_LIMIT, the age that a verdict may have`,
  );
}

/** @param startRun - identifies the last good run of start.sh */
function hookStep(settings: Settings, environment: NodeJS.ProcessEnv, startRun: () => string): Step {
  const { hookPath, hookTimeoutMs, socketPath } = settings;
  if (hookPath === 'none') {
    return { name: 'hook', run: async () => ({ outcome: 'skipped', message: 'switched off by READINESSD_HOOK=none' }), boundMs: 0 };
  }
  return {
    name: 'hook',
    run: createHookStep({
      path: hookPath,
      isRequired: hookPath !== defaultHookPath,
      startRun,
      timeoutMs: hookTimeoutMs,
      checkSafety: isSafetyChecked(settings),
      environment,
      notePath: `${socketPath}.hook`,
    }),
    boundMs: runBoundMs(hookTimeoutMs),
    worstMs: maxRuns * runBoundMs(hookTimeoutMs),
    restFactor: restForATenth,
  };
}

/**
 * Removes the settings that hold credentials; a URL may hold a password, too. What supervisord sets
 * (SUPERVISOR_SERVER_URL) stays, since every program gets it.
 */
function withoutCredentials(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('READINESSD_SUPERVISOR_')));
}

/** User and password from their own settings win over those in the URL. */
function supervisorAddress({ supervisor, supervisorUser, supervisorPassword }: Settings): SupervisorAddress {
  return {
    ...supervisor,
    ...(supervisorUser === undefined ? {} : { user: supervisorUser }),
    ...(supervisorPassword === undefined ? {} : { password: supervisorPassword }),
  };
}
