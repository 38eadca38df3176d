import { dirname } from 'node:path';
import { CommanderError } from 'commander';
import { defaultSocketPath, socketVariable } from '../../shared/defaults.ts';
import { codeOf } from '../../shared/exit-codes.ts';
import { plain } from '../../shared/status-text.ts';
import { type CommandName, commandNames, createProgram, type GlobalOptions, readSocket } from './program.ts';
import { type Command, colours, type Session } from './session.ts';

/** Each loaded when it is asked for: most need little. */
const commands: Readonly<Record<CommandName, () => Promise<Command<never>>>> = {
  status: async () => (await import('./status.ts')).status,
  wait: async () => (await import('./wait.ts')).wait,
  check: async () => (await import('./check.ts')).check,
  history: async () => (await import('./history.ts')).history,
  explain: async () => (await import('./explain.ts')).explain,
  codes: async () => (await import('./codes.ts')).codes,
  doctor: async () => (await import('./doctor/doctor.ts')).doctor,
  ls: async () => (await import('./ls/ls.ts')).ls,
};

async function main(): Promise<void> {
  // Until a command has ended, none has succeeded.
  process.exitCode = codeOf('ClientBroken');
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    // Whoever reads may have seen enough: readinessctl history | head -1. What cannot be written else is no success.
    process.exit(code === 'EPIPE' ? process.exitCode : codeOf('ClientBroken'));
  });
  const program = createProgram(async (name, options) => {
    const command = (await commands[name]()) as Command<object>;
    process.exitCode = await command(createSession(program.opts<GlobalOptions>()), options);
  });
  program.exitOverride().configureOutput({ outputError: (text, write) => write(`readinessctl: ${text.replace(/^error: /, '')}`) });
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    refuseUnknownCommand(process.argv.slice(2));
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // "help" takes the exit code of the moment for its own.
      process.exitCode = error.exitCode === 0 || error.code === 'commander.help' ? 0 : codeOf('ClientUsage');
    } else {
      process.stderr.write(`readinessctl: unexpected error, a bug in readinessctl: ${(error as Error).stack}\n`);
      process.exitCode = codeOf('ClientBroken');
    }
  }

  /** The default command would take it for an argument too many. */
  function refuseUnknownCommand(argv: readonly string[]): void {
    const word = argv.find((argument, index) => !argument.startsWith('-') && argv[index - 1] !== '--socket');
    if (word === undefined || word === 'help' || (commandNames as readonly string[]).includes(word)) return;
    program.error(`unknown command ${JSON.stringify(word)}: there are ${commandNames.join(', ')}; --help tells more`);
  }

  function createSession({ socket, json }: GlobalOptions): Session {
    const { env, stdout, stderr } = process;
    return {
      socketPath: socket ?? socketOf(env),
      json: json === true,
      paint: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? colours : plain,
      environment: env,
      library: dirname(process.argv[1] ?? ''),
      stdout,
      stderr,
    };
  }

  function socketOf(environment: NodeJS.ProcessEnv): string {
    const path = environment[socketVariable] ?? defaultSocketPath;
    try {
      return readSocket(path);
    } catch (error) {
      return program.error(`cannot use ${socketVariable}=${JSON.stringify(path)}: ${(error as Error).message}`);
    }
  }
}

void main();
