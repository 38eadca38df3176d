import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { defaultSocketPath, maxSocketPathBytes, socketVariable } from '../../shared/defaults.ts';
import { formatDuration, parseDuration } from '../../shared/duration.ts';
import { version } from '../../shared/version.ts';
import { wrap } from './terminal/wrap.ts';

const day = 1440 * 60_000;

export const commandNames = ['status', 'wait', 'check', 'history', 'explain', 'codes', 'doctor', 'ls', 'completion'] as const;
export type CommandName = (typeof commandNames)[number];

/** Where none is named. */
const defaultCommand: CommandName = 'status';

/** What every command takes. */
export interface GlobalOptions {
  readonly socket?: string;
  readonly json?: boolean;
  readonly output?: 'json' | 'text';
}

/** Exit codes by command, for the help and the man page. */
export const exitCodes: readonly (readonly [commands: string, codes: string])[] = [
  ['status, check', 'the code of the verdict, as with readiness_probe.sh: 0 is ready ("readinessctl codes" lists them)'],
  ['wait', "0 if it became ready, or not ready with --for not-ready; else the last probe's code, or 1 if it is still ready"],
  ['history', '0; 100 to 102 if the daemon does not answer'],
  ['explain, codes, completion', '0'],
  ['doctor', '0; 1 if there is a problem; 2 if there is none, but it is not ready yet'],
  ['ls', '0 if there are containers and all are ready; 1 if one is not; 2 if there are none; ends by SIGKILL if one hangs'],
  ['all', '106 for an argument that cannot be used; 107 if readinessctl itself fails'],
];

/**
 * The command line. The parser, the help and the man page are made of it.
 *
 * @param run - carries out a command with its options; never called where only the help is wanted
 */
export function createProgram(run: (name: CommandName, options: object) => Promise<void>): Command {
  const program = new Command('readinessctl')
    .description('Says whether this container is ready, why not, and what to do.')
    .usage('[COMMAND] [options]')
    .version(`readinessctl ${version}`, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show this help, or that of a command')
    .addOption(new Option('--socket <path>', `the daemon's socket [${socketVariable}, else ${defaultSocketPath}]`).argParser(readSocket))
    .option('--json', 'JSON instead of text')
    .addOption(new Option('-o, --output <format>', 'json is the same as --json').choices(['text', 'json']).conflicts('json'))
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .addHelpText('afterAll', ({ command }) => exitCodesText(command.configureOutput().getOutHelpWidth?.() ?? 80));

  program
    .command(defaultCommand)
    .description('the verdict, each step, and when it changed (the default)')
    .option('-w, --watch', 'show it again each second, with the past verdicts')
    .action((options: object) => run('status', options));
  program
    .command('wait')
    .description('wait until the container is ready')
    .addOption(timeoutOption('5m'))
    .addOption(new Option('--for <what>', 'what to wait for').choices(['ready', 'not-ready']).default('ready'))
    .action((options: object) => run('wait', options));
  program
    .command('check')
    .description('check now, and show the result')
    .addOption(timeoutOption('5m'))
    .action((options: object) => run('check', options));
  program
    .command('history')
    .description('the last 100 changes of the verdict')
    .action((options: object) => run('history', options));
  program
    .command('explain')
    .description('why it is not ready and what to do; or what a code or reason means')
    .argument('[code-or-reason]', 'such as 112, 3-99 or StartFailed; without it, the current verdict')
    .action((subject: string | undefined) => run('explain', { subject }));
  program
    .command('codes')
    .description('the table of exit codes')
    .action((options: object) => run('codes', options));
  program
    .command('doctor')
    .description('check the whole set-up, and say what is wrong and how to fix it')
    .option('--all', 'also show what is good')
    .action((options: object) => run('doctor', options));
  program
    .command('ls')
    .description('list all containers of this machine that have a readinessd; run it as root on the host')
    .option('-w, --watch', 'show the list again each second')
    .action((options: object) => run('ls', options));
  program
    .command('completion')
    .description('print the completion for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action((shell: string) => run('completion', { shell }));
  // Subcommands do not inherit it.
  for (const command of program.commands) command.helpOption('-h, --help', 'show this help');
  return program;
}

function exitCodesText(columns: number): string {
  const width = Math.max(...exitCodes.map(([commands]) => commands.length));
  const lines = exitCodes.flatMap(([commands, codes]) => wrap(`  ${commands.padEnd(width)}  ${codes}`, columns, width + 4));
  return ['', 'Exit codes:', ...lines].join('\n');
}

/**
 * Puts the words into the order that the parser needs: `--help` stands after the command that it is about, and `status` first if no
 * command is named.
 */
export function inOrder(program: Command, words: readonly string[]): string[] {
  const valued = [program, ...program.commands].flatMap(({ options }) => options.filter(({ required }) => required));
  const takesValue = (word = '') => valued.some(({ short, long }) => word === short || word === long);
  const isCommand = (word: string, index: number) => !word.startsWith('-') && !takesValue(words[index - 1]);
  const at = words.findIndex(isCommand);
  const isHelp = (word: string) => word === '-h' || word === '--help';
  if (at === -1)
    return words.some((word) => isHelp(word) || word === '-V' || word === '--version') ? [...words] : [defaultCommand, ...words];
  if (words[at] === 'help') {
    const subject = words.slice(at + 1).find((word) => !word.startsWith('-'));
    return subject === undefined || subject === 'help' ? ['--help'] : withHelp(program, subject);
  }
  return words.some(isHelp) ? withHelp(program, words[at] ?? '') : [...words];
}

/** A name that is no command gets no --help, so that the parser reports it as unknown. */
function withHelp(program: Command, name: string): string[] {
  return program.commands.some((command) => command.name() === name) ? [name, '--help'] : [name];
}

function timeoutOption(defaultText: string): Option {
  return new Option('--timeout <time>', 'how long to wait at most, for example 500ms, 300s or 10m')
    .argParser(readTimeout)
    .default(parseDuration(defaultText), defaultText);
}

function readTimeout(text: string): number {
  const ms = parseDuration(text);
  if (!(ms >= 1 && ms <= day))
    throw new InvalidArgumentError(
      `It must be a duration with a unit, for example 500ms, 300s or 10m, and at most ${formatDuration(day)}.`,
    );
  return ms;
}

/** Accepts what the probe accepts. */
export function readSocket(text: string): string {
  if (!text.startsWith('/') || Buffer.byteLength(text) > maxSocketPathBytes) {
    throw new InvalidArgumentError(`It must be an absolute path of at most ${maxSocketPathBytes} bytes.`);
  }
  return text;
}
