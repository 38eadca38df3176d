import type { Command, Option } from 'commander';

/** A word that may be typed, and what it does. */
export interface Word {
  readonly word: string;
  readonly what: string;
}

/** The value of an option: one of some words, a file, or anything. */
export type Value = readonly string[] | 'file' | 'anything';

export interface OptionShape {
  readonly short: string | undefined;
  readonly long: string;
  readonly what: string;
  /** Undefined when it takes no value. */
  readonly value: Value | undefined;
}

export interface CommandShape extends Word {
  /** Its own options, without those that every command has. */
  readonly options: readonly OptionShape[];
  /** What its argument may be, as far as that is known. */
  readonly words: readonly string[];
}

/** What completions need to know of a command line. */
export interface Shape {
  /** The options that every command has. */
  readonly options: readonly OptionShape[];
  readonly commands: readonly CommandShape[];
}

/**
 * Reads a program's command line from its definitions.
 *
 * @param suggested - by command: words to suggest for its argument, which may also be something else
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

/** All options that take a value, each once. */
export function valueOptions({ options, commands }: Shape): OptionShape[] {
  const all = [...options, ...commands.flatMap((command) => command.options)].filter(({ value }) => value !== undefined);
  return all.filter(({ long }, index) => all.findIndex((other) => other.long === long) === index);
}
