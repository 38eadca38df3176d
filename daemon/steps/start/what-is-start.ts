import { isNamed, type NamedPrograms, type ProcessName } from '../../supervisor/names.ts';

/** Why a program is a start.sh; 'nothing' when it is not. */
export type StartBy = 'setting' | 'name' | 'command' | 'nothing';

/** Includes the copies that numprocs makes: start_00, start.sh_1. */
const startName = /^start(?:\.sh)?(?:_\d+)?$/;

/**
 * A file called start.sh, with nothing before or after it that could belong to the same name:
 * prestart.sh and start.sh.bak are other files. An option may stand right before it: -cstart.sh.
 *
 * Letters outside English do not make it another name. That errs towards not ready, and knowing
 * them all would cost each start 2 ms.
 */
const startFile = /(?<![\w.-])(?:-+[a-z]*)?start\.sh(?![\w.-])/i;

/**
 * Whether a program of supervisord is a start.sh. Without READINESSD_START_PROGRAMS this is a guess
 * that errs towards not ready: by the program's name, its group's name, or a command that mentions
 * a file called start.sh anywhere. There is no list of the shells and wrappers that run start.sh:
 * one missing from the list would hide it.
 *
 * @param program - with its command from the configuration; undefined where that is not known
 * @param named - READINESSD_START_PROGRAMS. If it is set, nothing is guessed.
 */
export function whatIsStart(program: ProcessName & { readonly command?: string | undefined }, named: NamedPrograms | undefined): StartBy {
  if (named !== undefined) return named.patterns.some((pattern) => isNamed(pattern, program)) ? 'setting' : 'nothing';
  if (startName.test(program.name) || startName.test(program.group)) return 'name';
  return program.command !== undefined && mentionsStart(program.command) ? 'command' : 'nothing';
}

/** Ignores quotes: to a shell, "/x/start".sh and /x/start\.sh are the same file. */
function mentionsStart(command: string): boolean {
  return startFile.test(command) || startFile.test(command.replace(/['"\\]/g, ''));
}
