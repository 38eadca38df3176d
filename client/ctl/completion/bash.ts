import { flagsOf, type Shape, type Value, valueOptions } from './shape.ts';

/** Writes a completion for bash. It does not need the package bash-completion. */
export function bashCompletion(shape: Shape): string {
  const valued = valueOptions(shape);
  const cases = shape.commands.map(
    ({ word, options, words }) => `    ${word}) words='${words.join(' ')}' flags='${flagsOf(options).join(' ')}' ;;`,
  );
  return `# readinessctl's completion for bash, as "readinessctl completion bash" prints it.
_readinessctl() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' words flags i
  # bash takes --for=ready for three words.
  if [ "$cur" = = ]; then
    cur=''
  elif [ "$prev" = = ]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
    ${flagsOf(valued).join(' | ')})
      [ "\${COMP_WORDS[i + 1]}" = = ] && ((i++))
      ((i++)) ;;
    -*) ;;
    *)
      command=\${COMP_WORDS[i]}
      break ;;
    esac
  done
  case $prev in
${valued.map(({ short, long, value }) => `  ${[short, long].filter((flag) => flag !== undefined).join(' | ')}) ${bashValue(value)} ;;`).join('\n')}
  esac
  case $command in
    '') words='${shape.commands.map(({ word }) => word).join(' ')}' flags='${flagsOf(defaultOptions(shape)).join(' ')}' ;;
${cases.join('\n')}
    *) return ;;
  esac
  case $cur in
  -*) words="$flags ${flagsOf(shape.options).join(' ')}" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _readinessctl readinessctl
`;
}

function bashValue(value: Value | undefined): string {
  if (value === 'file') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return';
  if (value === undefined || value === 'anything') return 'return';
  return `mapfile -t COMPREPLY < <(compgen -W '${value.join(' ')}' -- "$cur"); return`;
}

/** The options of the default command, which runs when none is named. */
function defaultOptions({ commands }: Shape): Shape['options'] {
  return commands[0]?.options ?? [];
}
