import type { OptionShape, Shape, Value } from './shape.ts';

/** Writes a completion for zsh, for a file of its fpath or for `source`. */
export function zshCompletion({ options, commands }: Shape): string {
  const cases = commands.map(({ word, options: own, words }) => {
    const argument = words.length === 0 ? '' : ` ${quoted(`1: :(${words.join(' ')})`)}`;
    return `    ${word}) _arguments -s $every ${own.flatMap(specs).join(' ')}${argument} && ret=0 ;;`;
  });
  return `#compdef readinessctl
# readinessctl's completion for zsh, as "readinessctl completion zsh" prints it.
_readinessctl() {
  local curcontext=$curcontext state line ret=1
  typeset -A opt_args
  local -a every commands
  every=(
${options
  .flatMap(specs)
  .map((spec) => `    ${spec}`)
  .join('\n')}
  )
  commands=(
${commands.map(({ word, what }) => `    ${quoted(`${word}:${what}`)}`).join('\n')}
  )
  _arguments -s -C $every ${(commands[0]?.options ?? []).flatMap(specs).join(' ')} '1: :->command' '*:: :->rest' && ret=0
  case $state in
  command) _describe -t commands command commands && ret=0 ;;
  rest)
    case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
  return ret
}
if [ "$funcstack[1]" = _readinessctl ]; then _readinessctl "$@"; else compdef _readinessctl readinessctl; fi
`;
}

/** Specifications for _arguments: each flag excludes itself and its other form. */
function specs({ short, long, what, value }: OptionShape): string[] {
  const flags = short === undefined ? [long] : [short, long];
  const text = what.replaceAll(/[[\]:\\]/g, '\\$&');
  return flags.map((flag) =>
    quoted(`(${flags.join(' ')})${flag}${flag === long && value !== undefined ? '=' : ''}[${text}]${zshValue(value)}`),
  );
}

function zshValue(value: Value | undefined): string {
  if (value === undefined) return '';
  if (value === 'file') return ':path:_files';
  return value === 'anything' ? ':value: ' : `:value:(${value.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
