import { loadConfiguration, readOutput, shellWord, startAgain, type Words } from './words.ts';

interface Program {
  readonly program: string;
}

/** Words for a program that READINESSD_PROGRAMS or a check names. */
export const programWords = {
  'program-exited': ({ program, code }: Program & { code: number }): Words => ({
    message: `program "${program}" is EXITED: it exited with code ${code}`,
    fix: [readOutput(program), `fix what it says, then: ${startAgain(program)}`, runsOnce(program)],
  }),
  'program-killed': ({ program }: Program): Words => ({
    message: `program "${program}" is EXITED: it was killed by a signal`,
    cause: "supervisord's log names the signal. SIGKILL often means that the container ran out of memory.",
    fix: [startAgain(program)],
  }),
  'program-failed-start': ({ program, state, spawnerr }: Program & { state: 'BACKOFF' | 'FATAL'; spawnerr: string }): Words => ({
    message: `program "${program}" is ${state}: ${spawnerr === '' ? 'no reason given' : spawnerr}`,
    cause: state === 'FATAL' ? 'supervisord has given up starting it.' : 'It does not stay up, and supervisord tries again.',
    fix: [`${readOutput(program)}; fix what it says`, ...(state === 'FATAL' ? [startAgain(program)] : [])],
  }),
  'program-not-started': ({ program }: Program): Words => ({
    message: `program "${program}" is STOPPED: it has not been started`,
    fix: [startAgain(program)],
  }),
  'program-stopped': ({ program }: Program): Words => ({
    message: `program "${program}" is STOPPED: somebody stopped it`,
    fix: [startAgain(program)],
  }),
  'program-in-state': ({ program, state }: Program & { state: string }): Words => ({
    message: `program "${program}" is ${state}`,
    fix: ['wait, then: readinessctl check'],
  }),
  'program-restarts': ({ program }: Program): Words => ({
    message: `program "${program}" keeps being restarted`,
    cause: 'It ends soon after each start, though supervisord may show it as RUNNING.',
    fix: [`${readOutput(program)}; fix what it says`],
  }),
  'program-not-settled': ({ program, hasRun }: Program & { hasRun: boolean }): Words => ({
    message: `program "${program}" ${hasRun ? 'was restarted, and has not been up for long enough' : 'has just been started'}`,
    fix: ['wait: after a restart it counts when it has been up for READINESSD_SETTLED_AFTER, 10 s by default'],
  }),
  'program-just-ended': ({ program }: Program): Words => ({
    message: `program "${program}" exited with code 0: checking that supervisord does not restart it`,
    fix: ['wait a second'],
  }),
  'program-still-runs': ({ program }: Program): Words => ({
    message: `program "${program}" is RUNNING, and should exit with code 0`,
    fix: [`wait until it has finished; if it is a service, its check must not say state: exited`],
  }),
  'program-absent': ({ name }: { name: string }): Words => ({
    message: `program "${name}" is not there`,
    cause: 'Its name is misspelt, or its section has not been loaded. A group is named by its name, or as GROUP:*.',
    fix: ['see the names: supervisorctl status', loadConfiguration],
  }),
  'program-class-empty': ({ word }: { word: string }): Words => ({
    message: `${word} names none of supervisord's programs`,
    fix: ['see which programs there are: supervisorctl status; name them, or set READINESSD_PROGRAMS=none'],
  }),
  'program-not-loaded': ({ program }: Program): Words => ({
    message: `program "${program}" is not there: it is configured but not loaded, "${loadConfiguration}" loads it`,
    fix: [loadConfiguration],
  }),
  'program-ambiguous': ({ program }: Program): Words => ({
    message: `program "${program}" shares its group and process name with another section, and supervisord loads only one of them: give each its own`,
    fix: ['give each section a process_name of its own', loadConfiguration],
  }),
  'programs-hook-rests': ({ found }: { found: string }): Words => ({
    message: `${found}; the hook waits after a long run, and has not run again since`,
    fix: ['wait until the hook has been run again; "readinessctl status" says when'],
  }),
};

function runsOnce(program: string): string {
  return `if it runs once and ends: give its check "state: exited", or leave it out with -${shellWord(program)}`;
}
