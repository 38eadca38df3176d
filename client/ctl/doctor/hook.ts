import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectProgram, passesAccess } from '../../../daemon/process/inspect.ts';
import { whyNotLoadable } from '../../../daemon/process/loadable.ts';
import { defaultHookPath, isSafetyChecked } from '../../../daemon/settings/definitions.ts';
import { formatDuration, sayDuration } from '../../../shared/duration.ts';
import { NoAnswerError } from '../ask.ts';
import type { Facts } from './facts.ts';
import { isExecutable } from './files.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Above this part of its timeout a hook is about to fail on a busier node. */
const narrowShare = 0.5;

/** The hook's file, as the daemon looks at it, and its duration. It is not run. */
export async function checkHook(facts: Facts): Promise<Finding[]> {
  const { hookPath: path, hookSafetyCheck } = facts.settings;
  if (path === 'none') return [ok('hook', 'switched off by READINESSD_HOOK=none')];
  const { found } = await inspectProgram(path, isSafetyChecked(facts.settings));
  switch (found.kind) {
    case 'absent':
      if (path === defaultHookPath) return [ok('hook', `there is no hook ${path}: nothing to check`)];
      return [problem('hook', `${path} is not there, though READINESSD_HOOK names it`, 'put it there, or set READINESSD_HOOK=none')];
    case 'not executable':
      return [
        problem('hook', `${path} ${found.why.split(':')[0]}`, `${fileCure(path, found.why)}; or remove it, if there is to be no hook`),
      ];
    case 'unsafe':
      return [problem('hook', `${path} is not run: the daemon is root, and ${found.why}`, unsafeCure(found.why))];
  }
  if (!(await passesAccess(path))) {
    const noexec = 'permission denied though it is executable: its file system is mounted noexec';
    return [problem('hook', `${path} cannot be started: ${noexec}`, 'move it to a file system that is mounted exec')];
  }
  const why = await whyNotLoadable(path);
  if (why !== undefined) return [problem('hook', `${path} cannot be started: ${why}`, loadCure(path, why))];
  const trouble = findTextTrouble(path, facts);
  return [trouble ?? ok('hook', `${path} is executable${hookSafetyCheck ? ", and nobody's but root's" : ''}`), ...checkDuration(facts)];
}

function fileCure(path: string, why: string): string {
  if (why.startsWith('is not executable')) return `chmod 0755 ${path}`;
  if (why.includes('dangling')) return `have the link lead to an executable file (ls -l ${path})`;
  return why.startsWith('is a ') ? 'put an executable file there' : `see why with ls -l ${path}`;
}

function unsafeCure(why: string): string {
  const [, place = ''] = /^(\/.*?) (?:belongs|can be)/.exec(why) ?? [];
  return `${why.includes('belongs to') ? `chown root:root ${place}` : `chmod go-w ${place}`}; or READINESSD_HOOK_SAFETY_CHECK=off`;
}

function loadCure(path: string, why: string): string {
  if (why.includes('CR')) return `sed -i 's/\\r$//' ${path}`;
  if (why.includes('does not exist')) return 'install that interpreter, or use one that is there, as #!/bin/sh';
  if (why.includes('empty')) return 'copy it into the image again, whole: it must begin with a line #!/bin/sh, or be a binary';
  if (why.includes('#! line') || why.includes('neither')) return 'begin it with a line #!/bin/sh';
  return 'copy it into the image again, whole, and built for this architecture';
}

/** What the kernel would start, and what fails all the same. */
function findTextTrouble(path: string, { settings, containerEnvironment }: Facts): Finding | undefined {
  const text = headOf(path);
  if (!text.startsWith('#!')) return undefined;
  const [first = '', ...rest] = text.split('\n');
  const fixed = `sed -i 's/\\r$//' ${path}`;
  if (first.endsWith('\r'))
    return problem('hook', `the #! line of ${path} ends in CR LF (Windows), which goes to its interpreter as an argument`, fixed);
  const [, name] = /^#!\s*\S*\/env\s+(?:-S\s+)?([^\s=-][^\s=]*)\s*/.exec(first) ?? [];
  const searched = containerEnvironment?.['PATH'] ?? defaultPath;
  if (name !== undefined && !isInPath(name, searched)) {
    return problem(
      'hook',
      `${path} asks env for ${name}, which is not in PATH=${searched}: it exits with code 127`,
      `install ${name} in this image, or name another interpreter`,
    );
  }
  if (rest.some((line) => line.endsWith('\r')))
    return warning('hook', `lines of ${path} end in CR LF (Windows); shells take the CR for a part of the last word`, fixed);
  return settings.hookTimeoutMs < 1000
    ? warning('hook', `its timeout is only ${formatDuration(settings.hookTimeoutMs)}`, 'READINESSD_HOOK_TIMEOUT=10s is the default')
    : undefined;
}

function headOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').slice(0, 65_536);
  } catch {
    return '';
  }
}

function isInPath(name: string, searched: string): boolean {
  return searched.split(':').some((directory) => isExecutable(join(directory, name)));
}

function checkDuration({ daemon, settings: { hookTimeoutMs } }: Facts): Finding[] {
  if (daemon instanceof NoAnswerError) return [];
  const step = daemon.steps.find(({ name }) => name === 'hook');
  if (step === undefined) return [ok('hook', 'it was not run in the last cycle, since start is not good')];
  const took = `it took ${sayDuration(step.durationMs)} of its ${formatDuration(hookTimeoutMs)}`;
  if (daemon.reason === 'HookTimeout') {
    const cure = 'give what it waits for a limit (curl --max-time 2); or READINESSD_HOOK_TIMEOUT for the daemon, if it needs the time';
    return [problem('hook', `it hangs, and was killed after ${formatDuration(hookTimeoutMs)}`, cure)];
  }
  if (step.durationMs > narrowShare * hookTimeoutMs) {
    return [warning('hook', `${took}: on a busier node it will be killed (122)`, 'make it quicker, or set READINESSD_HOOK_TIMEOUT higher')];
  }
  return [ok('hook', took)];
}
