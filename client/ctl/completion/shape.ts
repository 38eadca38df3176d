import type { Command, Option } from 'commander';

/** A word that may be typed, and what it is for. */
export interface Word {
  readonly word: string;
  readonly what: string;
}

/** What an option's value may be: one of some words, a file, or anything. */
export type Value = readonly string[] | 'file' | 'anything';

export interface OptionShape {
  readonly short: string | undefined;
  readonly long: string;
  readonly what: string;
  /** Undefined when it takes none. */
  readonly value: Value | undefined;
}

export interface CommandShape extends Word {
  /** Its own, without those of every command. */
  readonly options: readonly OptionShape[];
  /** What its argument may be, as far as that is known. */
  readonly words: readonly string[];
}

/** A command line as completions need it. */
export interface Shape {
  /** The options of every command. */
  readonly options: readonly OptionShape[];
  readonly commands: readonly CommandShape[];
}

/**
 * The command line of a program, read from its definitions.
 *
 * @param suggested - words for arguments that may be others too, by command
 */
export function shapeOf(program: Command, suggested: Readonly<Record<string, readonly string[]>>): Shape {
  const help = program.createHelp();
  const optionsOf = (command: Command) => help.visibleOptions(command).map(optionShape);
  const commands = program.commands.map((command) => ({
    word: command.name(),
    what: command.description(),
    options: optionsOf(command).filter(({ long }) => long !== '--help'),
    words: suggested[command.name()] ?? command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }));
  const helpCommand = { word: 'help', what: 'show the help of a command', options: [], words: commands.map(({ word }) => word) };
  return { options: optionsOf(program), commands: [...commands, helpCommand] };
}

function optionShape({ short, long, required, flags, argChoices, description }: Option): OptionShape {
  const value = argChoices ?? (flags.includes('<path>') ? 'file' : 'anything');
  return { short, long: long ?? '', what: description, value: required ? value : undefined };
}

/** The flags of options, as they are typed. */
export function flagsOf(options: readonly OptionShape[]): string[] {
  return options.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));
}

/** The options of all commands that take a value, each once. */
export function valueOptions({ options, commands }: Shape): OptionShape[] {
  const all = [...options, ...commands.flatMap((command) => command.options)].filter(({ value }) => value !== undefined);
  return all.filter(({ long }, index) => all.findIndex((other) => other.long === long) === index);
}
