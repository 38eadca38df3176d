import { oneOf } from '../../settings/values.ts';
import { parseProgramChoice } from '../../supervisor/names.ts';
import { wantedStates } from '../programs/judge.ts';
import { createProgramsStep } from '../programs/programs.ts';
import type { Kind } from './kind.ts';
import { readText, textField, type Value } from './value.ts';

/** Passes when each named program of supervisord is in the wanted state. */
export const programs: Kind = {
  what: "each of supervisord's programs that are named is RUNNING, and has settled",
  example: '[postfix, dovecot, "gitlab:*"]',
  reason: 'ProgramNotRunning',
  defaultTimeoutMs: undefined,
  fields: {},
  runsCommand: false,
  beside: {
    state: textField('what each program must be: running, exited (with code 0) or running-or-exited', 'exited', oneOf(...wantedStates)),
  },

  read(value, { state = 'running' }) {
    const words = value.list().map((item) => readText(item, readName));
    if (words.length === 0) return value.fail('needs programs, as [nginx, php-fpm]');
    const choice = choose(value, words.join(' '));
    const wanted = wantedStates.find((one) => one === state) ?? 'running';
    return {
      display: `programs ${choice.display}: ${wanted === 'running' ? 'running, and settled' : wanted}`,
      create: ({ fail, supervision }) =>
        createProgramsStep({ choice, wanted, fail: (finding, others) => fail(finding, { others }) }, supervision),
    };
  },
};

/** Words that are each allowed may not be allowed together: for example, if all only leave something out. */
function choose(value: Value, words: string) {
  try {
    return parseProgramChoice(words);
  } catch (error) {
    return value.fail((error as Error).message);
  }
}

/** One word of the list. */
function readName(text: string): string {
  if (/[\s,]/.test(text.trim()) || text.trim() === '' || text === 'none')
    throw new Error('must be one program, as NAME, GROUP:NAME or GROUP:*');
  // A word that leaves a program out is no choice on its own, so test it with another.
  parseProgramChoice(text.startsWith('-') ? `autostart ${text}` : text);
  return text.trim();
}
