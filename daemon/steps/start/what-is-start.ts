import { isNamed, type NamedPrograms, type ProcessName } from '../../supervisor/names.ts';

/** What makes a program a start.sh; 'nothing' when it is none. */
export type StartBy = 'setting' | 'name' | 'command' | 'nothing';

/** Also the copies that numprocs makes: start_00, start.sh_1. */
const startName = /^start(?:\.sh)?(?:_\d+)?$/;

/**
 * A file called start.sh, with nothing beside it that could be a part of the same name: not prestart.sh, nor start.sh.bak.
 * An option may stand right before it: -cstart.sh. Letters that English has not do not make another name: that errs towards not
 * ready, and to know them all would cost each start 2 ms.
 */
const startFile = /(?<![\w.-])(?:-+[a-z]*)?start\.sh(?![\w.-])/i;

/**
 * Whether a program of supervisord is a start.sh. Without READINESSD_START_PROGRAMS it is guessed, towards not ready: by its
 * name or its group's, or by a command that mentions a file called start.sh anywhere. There is no list of the shells and
 * wrappers that run it, since one that is missing from such a list would hide it.
 *
 * @param program - its command as the configuration has it; undefined where it is not known
 * @param named - READINESSD_START_PROGRAMS, where it is set: then nothing is guessed
 */
export function whatIsStart(program: ProcessName & { readonly command?: string | undefined }, named: NamedPrograms | undefined): StartBy {
  if (named !== undefined) return named.patterns.some((pattern) => isNamed(pattern, program)) ? 'setting' : 'nothing';
  if (startName.test(program.name) || startName.test(program.group)) return 'name';
  return program.command !== undefined && mentionsStart(program.command) ? 'command' : 'nothing';
}

/** In any quotes: a shell also takes "/x/start".sh and /x/start\.sh for it. */
function mentionsStart(command: string): boolean {
  return startFile.test(command) || startFile.test(command.replace(/['"\\]/g, ''));
}
