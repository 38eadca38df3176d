import { loadConfiguration, readOutput, restartDaemon, shellWord, startAgain, type Words } from './words.ts';

/** A start program, as supervisorctl names it. */
interface Program {
  readonly program: string;
}

/** `spawnerr` has supervisord's own words for why a start failed. It is often empty. */
interface FailedStart extends Program {
  readonly spawnerr: string;
  /** It ended within startsecs. */
  readonly isEarly: boolean;
}

/** Words for start.sh. */
export const startWords = {
  'start-failed': ({ program, code }: Program & { code: number }): Words => ({
    message: `${subject(program)} exited with code ${code}`,
    ...(code === 127 ? { cause: 'By convention 127 says that a command, or the script itself, was not found.' } : {}),
    ...(code === 126 ? { cause: 'By convention 126 says that a command, or the script itself, could not be executed.' } : {}),
    fix: [readOutput(program), `fix what it says, then: ${startAgain(program)}`],
  }),
  'start-killed': ({ program }: Program): Words => ({
    message: `${subject(program)} was killed by a signal`,
    cause: "supervisord's log names the signal. SIGKILL often means that the container ran out of memory.",
    fix: [
      'out of memory: oom_kill in /sys/fs/cgroup/memory.events is not 0; give the container more memory',
      `then: ${startAgain(program)}`,
    ],
  }),
  'start-fatal': (facts: FailedStart): Words => ({
    message: `${subject(facts.program)} is FATAL: ${supervisorsWords(facts)}`,
    ...(facts.isEarly ? { cause: tooEarly } : {}),
    fix: [...fixStart(facts), startAgain(facts.program)],
  }),
  'start-backoff': (facts: FailedStart): Words => ({
    message: `${subject(facts.program)} is in BACKOFF: ${supervisorsWords(facts)}`,
    ...(facts.isEarly ? { cause: tooEarly } : {}),
    fix: fixStart(facts),
  }),
  'start-not-started': ({ program }: Program): Words => ({
    message: `${subject(program)} has not been started`,
    cause: 'Nothing has started it yet: autostart=false in its section leaves that to something else, such as an event listener.',
    fix: [`wait for what starts it, or start it: ${startAgain(program)}`],
  }),
  'start-stopped': ({ program }: Program): Words => ({
    message: `${subject(program)} was stopped: "${startAgain(program)}" runs it again`,
    fix: [startAgain(program)],
  }),
  'start-running': ({ program, isByCommand, hasRun }: Program & { isByCommand: boolean; hasRun: boolean }): Words => ({
    message: `${subject(program)} is running${isByCommand ? ' (recognised by its command; if it is a service, set READINESSD_START_PROGRAMS)' : ''}`,
    ...(hasRun ? { cause: 'It has run before, and was started again: by supervisord (autorestart), or by somebody.' } : {}),
    fix: [
      `wait until it has finished; to see what it does: supervisorctl tail -f ${shellWord(program)}`,
      ...(hasRun ? ['it is started again and again: set autorestart=false in its section, then: supervisorctl update'] : []),
      'it is a service that never ends: set READINESSD_START_PROGRAMS=none, or to what should be waited for',
    ],
  }),
  'start-stopping': ({ program }: Program): Words => ({
    message: `${subject(program)} is being stopped`,
    fix: [`when it has stopped: ${startAgain(program)}`],
  }),
  'start-restarts': ({ program }: Program): Words => ({
    message: `${subject(program)} exited with code 0 and is run again, since its section has autorestart=true: start.sh needs autorestart=false`,
    fix: [`set autorestart=false in its section`, loadConfiguration],
  }),
  'start-just-ended': ({ programs }: { programs: readonly string[] }): Words => ({
    message: `${programs.map(subject).join(', ')} exited with code 0: checking that supervisord does not restart ${programs.length === 1 ? 'it' : 'them'} (autorestart=false)`,
    cause: 'supervisord does not tell whether a program has autorestart=true, so its end counts when it has lasted for a moment.',
    fix: ['wait a second', 'it stays so: set autorestart=false in its section, then: supervisorctl update'],
  }),
  'start-state-unknown': ({ program, state }: Program & { state: number }): Words => ({
    message: `${subject(program)} is in state ${state}, which says nothing about its success`,
    fix: [`supervisorctl restart ${shellWord(program)}`],
  }),
  'start-command-unknown': ({ program }: Program): Words => ({
    message: `program "${program}" is loaded, but supervisord does not say what it runs: "${loadConfiguration}" brings both together, and "${restartDaemon}" makes that known`,
    cause: 'Its section was changed or removed, and the configuration was read again without an update.',
    fix: [loadConfiguration, restartDaemon],
  }),
  'start-not-loaded': ({ program }: Program): Words => ({
    message: `${subject(program)} is configured but not loaded: "${loadConfiguration}" loads it`,
    fix: [loadConfiguration],
  }),
  'start-perhaps-not-loaded': ({ program }: Program): Words => ({
    message: `${subject(program)} is configured but perhaps not loaded, since what ran under that name before may still be loaded: "${loadConfiguration}" loads it, and "${restartDaemon}" makes that known`,
    fix: [loadConfiguration, restartDaemon],
  }),
  'start-ambiguous': ({ program }: Program): Words => ({
    message: `${subject(program)} shares its group and process name with another section, and supervisord loads only one of them: give each a name of its own`,
    fix: ['give each section a process_name of its own', loadConfiguration],
  }),
  'start-missing': ({ name }: { name: string }): Words => ({
    message: `READINESSD_START_PROGRAMS names ${name}, and supervisord has no such program`,
    fix: ['correct READINESSD_START_PROGRAMS, or add that program', loadConfiguration],
  }),
  'start-hook-rests': ({ found }: { found: string }): Words => ({
    message: `${found}; the hook waits after a long run, and has not run again since`,
    fix: ['wait until the hook has been run again; "readinessctl status" says when'],
  }),
  'programs-change': (): Words => ({
    message: "supervisord's programs change faster than they can be checked",
    fix: ['wait; when it stays so, see which program is restarted again and again: supervisorctl status'],
  }),
};

const tooEarly =
  'It ended sooner than startsecs (1 s, unless its section says otherwise), so supervisord takes even a success for a failed start.';

function subject(program: string): string {
  return `start.sh (program "${program}")`;
}

/** supervisord gives no exit status in BACKOFF and FATAL. */
function supervisorsWords({ spawnerr, isEarly }: FailedStart): string {
  const words = spawnerr === '' ? 'no reason given' : spawnerr;
  return isEarly ? `${words}; exit code not known; a program meant to end at once needs startsecs=0` : words;
}

function fixStart({ program, isEarly }: FailedStart): string[] {
  if (!isEarly) return [`fix what supervisord says, and look at command= and user= of its section`];
  return [
    `if it is meant to end that soon: set startsecs=0 in its section, then: ${loadConfiguration}`,
    `if it fails: ${readOutput(program)}; fix what it says`,
  ];
}
