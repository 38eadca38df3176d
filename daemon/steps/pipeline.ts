import { defaultHookPath, type Settings } from '../settings/definitions.ts';
import type { SupervisorAddress } from '../supervisor/address.ts';
import { createSupervisorClient } from '../supervisor/client.ts';
import { type EventFlow, noEvents } from '../supervisor/event-feed.ts';
import { createHookStep, runBoundMs } from './hook/hook.ts';
import { maxRuns } from './hook/judge.ts';
import { createStartStep, maxCallsPerLook, maxCallsPerRun, type StartStep } from './start/start.ts';
import { restForATenth, type Step } from './step.ts';

export interface Pipeline {
  /** In their order. */
  readonly steps: readonly Step[];
  /** What supervisord's events are for; undefined where start.sh is not looked at. */
  readonly start: StartStep | undefined;
}

/**
 * The steps of a cycle. A new step is one file beside these and one entry here.
 *
 * @param settings - in force
 * @param environment - what the daemon was given; the hook gets it, less the credentials
 * @param events - of supervisord, where they come
 */
export function createPipeline(settings: Settings, environment: NodeJS.ProcessEnv, events: EventFlow = noEvents): Pipeline {
  if (!settings.startStep) return { steps: [hookStep(settings, environment, () => '')], start: undefined };
  const client = createSupervisorClient(supervisorAddress(settings), settings.rpcTimeoutMs);
  const start = createStartStep(client, settings.startPrograms, () => performance.now(), events);
  const startStep: Step = {
    name: 'start',
    run: start.run,
    boundMs: settings.rpcTimeoutMs,
    worstMs: (events === noEvents ? maxCallsPerLook : maxCallsPerRun) * settings.rpcTimeoutMs,
    lookAgain: true,
    isCurrent: start.isCurrent,
  };
  return { steps: [startStep, hookStep(settings, environment, start.lastRun)], start };
}

/** @param startRun - what tells the last good run of start.sh from others */
function hookStep(settings: Settings, environment: NodeJS.ProcessEnv, startRun: () => string): Step {
  const { hookPath, hookTimeoutMs, hookSafetyCheck, socketPath } = settings;
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
      checkSafety: hookSafetyCheck && process.geteuid?.() === 0,
      environment: withoutCredentials(environment),
      notePath: `${socketPath}.hook`,
    }),
    boundMs: runBoundMs(hookTimeoutMs),
    worstMs: maxRuns * runBoundMs(hookTimeoutMs),
    restFactor: restForATenth,
  };
}

/** A URL may hold a password as well; what supervisord gave (SUPERVISOR_SERVER_URL) it gives to every program. */
function withoutCredentials(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('READINESSD_SUPERVISOR_')));
}

/** User and password given as settings win over those in the URL. */
function supervisorAddress({ supervisor, supervisorUser, supervisorPassword }: Settings): SupervisorAddress {
  return {
    ...supervisor,
    ...(supervisorUser === undefined ? {} : { user: supervisorUser }),
    ...(supervisorPassword === undefined ? {} : { password: supervisorPassword }),
  };
}
