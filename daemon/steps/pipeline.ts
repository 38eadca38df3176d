import type { Settings } from '../settings/definitions.ts';
import type { SupervisorAddress } from '../supervisor/address.ts';
import { createSupervisorClient } from '../supervisor/client.ts';
import { createHookStep, runBoundMs } from './hook/hook.ts';
import { maxRuns } from './hook/judge.ts';
import { createStartStep, maxCallsPerLook } from './start/start.ts';
import { restForATenth, type Step } from './step.ts';

/**
 * The steps of a cycle, in their order. A new step is one file beside these and one entry here.
 *
 * @param settings - in force
 * @param environment - what the daemon was given; the hook gets it, less the credentials
 */
export function createPipeline(settings: Settings, environment: NodeJS.ProcessEnv): Step[] {
  const steps: Step[] = [];
  if (settings.startStep) {
    const client = createSupervisorClient(supervisorAddress(settings), settings.rpcTimeoutMs);
    steps.push({
      name: 'start',
      run: createStartStep(client, settings.startPrograms, () => performance.now()),
      boundMs: settings.rpcTimeoutMs,
      worstMs: maxCallsPerLook * settings.rpcTimeoutMs,
      lookAgain: true,
    });
  }
  steps.push({
    name: 'hook',
    run: createHookStep({
      path: settings.hookPath,
      timeoutMs: settings.hookTimeoutMs,
      checkSafety: settings.hookSafetyCheck && process.geteuid?.() === 0,
      environment: withoutCredentials(environment),
      notePath: `${settings.socketPath}.hook`,
    }),
    boundMs: runBoundMs(settings.hookTimeoutMs),
    worstMs: maxRuns * runBoundMs(settings.hookTimeoutMs),
    restFactor: restForATenth,
  });
  return steps;
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
