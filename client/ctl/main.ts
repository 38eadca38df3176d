import { dirname } from 'node:path';
import { CommanderError } from 'commander';
import { defaultSocketPath, socketVariable } from '../../shared/defaults.ts';
import { codeOf } from '../../shared/exit-codes.ts';
import { plain } from '../../shared/status-text.ts';
import { type CommandName, commandNames, createProgram, type GlobalOptions, inOrder, readSocket } from './program.ts';
import { type Command, colours, type Session } from './session.ts';
import { sizeOf } from './terminal/clip.ts';

/** Each command is loaded when it is asked for, since most need little. */
const commands: Readonly<Record<CommandName, () => Promise<Command<never>>>> = {
  status: async () => (await import('./commands/status.ts')).status,
  wait: async () => (await import('./commands/wait.ts')).wait,
  check: async () => (await import('./commands/check.ts')).check,
  history: async () => (await import('./commands/history.ts')).history,
  explain: async () => (await import('./commands/explain.ts')).explain,
  codes: async () => (await import('./commands/codes.ts')).codes,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  completion: async () => (await import('./completion/completion.ts')).completion,
  ls: async () => (await import('./ls/ls.ts')).ls,
};

async function main(): Promise<void> {
  // Until a command has ended, it has not succeeded.
  process.exitCode = codeOf('ClientBroken');
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    // The reader may have seen enough (readinessctl history | head -1). Any other failed write is no success.
    process.exit(code === 'EPIPE' ? process.exitCode : codeOf('ClientBroken'));
  });
  const program = createProgram(async (name, options) => {
    const command = (await commands[name]()) as Command<object>;
    process.exitCode = await command(createSession(program.opts<GlobalOptions>()), options);
  });
  program.exitOverride().configureOutput({
    outputError: (text, write) => write(`readinessctl: ${withHelp(text.replace(/^error: /, ''))}`),
    getOutHelpWidth: () => (process.stdout.isTTY && isCapable(process.env) ? sizeOf(process.stdout).columns : 80),
  });
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(inOrder(program, process.argv.slice(2)), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // "help" takes the current exit code for its own.
      process.exitCode = error.exitCode === 0 || error.code === 'commander.help' ? 0 : codeOf('ClientUsage');
    } else {
      process.stderr.write(`readinessctl: unexpected error, a bug in readinessctl: ${(error as Error).stack}\n`);
      process.exitCode = codeOf('ClientBroken');
    }
  }

  function createSession({ socket, json, output }: GlobalOptions): Session {
    const { env, stdout, stderr } = process;
    const isJson = json === true || output === 'json';
    const isText = !isJson && isCapable(env);
    const isTerminal = isText && stdout.isTTY;
    return {
      socketPath: socket ?? socketOf(env),
      json: isJson,
      paint: isTerminal && !env['NO_COLOR'] ? colours : plain,
      isTerminal,
      showsProgress: isText && stderr.isTTY,
      ellipsis: hasUtf8(env) ? '…' : '...',
      environment: env,
      library: dirname(process.argv[1] ?? ''),
      get stdin() {
        return process.stdin;
      },
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

/** Adds to the parser's message about an unknown command what would help. */
function withHelp(message: string): string {
  const isUnknown = message.startsWith('unknown command') && !message.includes('Did you mean');
  return isUnknown ? `${message.trimEnd()}: there are ${commandNames.join(', ')}; --help tells more\n` : message;
}

/** Whether a terminal understands control sequences. */
function isCapable({ TERM }: NodeJS.ProcessEnv): boolean {
  return !['', 'dumb'].includes(TERM ?? '');
}

/** Whether the locale's encoding is UTF-8. The first of these variables that is set decides (locale(7)). */
function hasUtf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  return /utf-?8$/i.test(LC_ALL || LC_CTYPE || LANG || '');
}

void main();
