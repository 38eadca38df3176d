import type { Argument, Command, Option } from 'commander';
import { createProgram, exitCodes } from '../../client/ctl/program.ts';
import { defaultSocketPath, socketVariable } from '../../shared/defaults.ts';
import type { PageBody } from './pages.ts';
import { bold, paragraph, type Roff, section, tagged, usage } from './roff.ts';

/** Of the operator's tool, from the definitions that its parser and its help have. */
export function readinessctlPage(): PageBody {
  const program = createProgram(async () => {});
  const help = program.createHelp();
  return {
    name: 'readinessctl',
    section: '1',
    purpose: 'say whether this container is ready, why not, and what to do',
    parts: [
      section('SYNOPSIS', `${bold(program.name())} ${usage(program.usage())}\n`),
      section('DESCRIPTION', paragraph(program.description())),
      section('COMMANDS', ...help.visibleCommands(program).map(commandPart)),
      section('OPTIONS', paragraph('Of every command:'), ...help.visibleOptions(program).map(optionPart)),
      section('EXIT STATUS', ...exitCodes.map(([commands, codes]) => tagged(bold(commands), `${codes}.`))),
      section(
        'ENVIRONMENT',
        tagged(bold(socketVariable), `the daemon's socket (${defaultSocketPath}).`),
        tagged(bold('NO_COLOR'), 'if set, no colours are used. None are used either if the output is not a terminal.'),
      ),
      section('SEE ALSO', `${bold('readiness_probe.sh')}(1), ${bold('readinessd')}(8)\n`),
    ],
  };

  function commandPart(command: Command): Roff {
    const words = [command.name(), ...command.registeredArguments.map(argumentText)].join(' ');
    const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
    const nested = options.length === 0 ? '' : `.RS\n${options.map(optionPart).join('')}.RE\n`;
    return tagged(`${bold(command.name())}${usage(words.slice(command.name().length))}`, `${command.description()}.`) + nested;
  }

  function argumentText(argument: Argument): string {
    return argument.required ? `<${argument.name()}>` : `[<${argument.name()}>]`;
  }

  function optionPart(option: Option): Roff {
    const [flags = '', value] = option.flags.split(/ (?=<)/);
    return tagged(
      [flags.split(', ').map(bold).join(', '), ...(value === undefined ? [] : [usage(value)])].join(' '),
      `${help.optionDescription(option)}.`,
    );
  }
}
