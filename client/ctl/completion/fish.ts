import type { OptionShape, Shape, Value } from './shape.ts';

/** Writes a completion for fish. */
export function fishCompletion({ options, commands }: Shape): string {
  const none = `not __fish_seen_subcommand_from ${commands.map(({ word }) => word).join(' ')}`;
  const lines = [
    '-f',
    ...options.map(optionLine),
    ...commands.map(({ word, what }) => `-n ${quoted(none)} -a ${word} -d ${quoted(what)}`),
    ...commands.flatMap(({ word, options: own, words }, index) => {
      const after = `-n ${quoted(`__fish_seen_subcommand_from ${word}`)}`;
      return [
        ...own.map((option) => `${after} ${optionLine(option)}`),
        // The options of the default command, which runs when none is named.
        ...(index === 0 ? own.map((option) => `-n ${quoted(none)} ${optionLine(option)}`) : []),
        ...(words.length === 0 ? [] : [`${after} -a ${quoted(words.join(' '))}`]),
      ];
    }),
  ];
  return `# readinessctl's completion for fish, as "readinessctl completion fish" prints it.
${lines.map((line) => `complete -c readinessctl ${line}\n`).join('')}`;
}

function optionLine({ short, long, what, value }: OptionShape): string {
  return [...(short === undefined ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`, ...fishValue(value), `-d ${quoted(what)}`].join(
    ' ',
  );
}

function fishValue(value: Value | undefined): string[] {
  if (value === undefined) return [];
  if (value === 'file') return ['-r -F'];
  return value === 'anything' ? ['-x'] : [`-x -a ${quoted(value.join(' '))}`];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
