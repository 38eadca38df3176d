import { split } from 'shlex';

const script = 'start.sh';

/** Programs that run the file which is their first argument, with those of their options that take a value. */
const shellOptions = ['-o', '+o', '-O', '+O', '--rcfile', '--init-file'];
const shells = new Set(['sh', 'bash', 'rbash', 'dash', 'ash', 'ksh', 'mksh', 'zsh']);

/** Runners that take a shell's text after -c. */
const textRunners = new Set(['su', 'runuser', 'flock', 'script']);
const interpreters = new Map<string, readonly string[]>([
  ...[...shells].map((shell) => [shell, shellOptions] as const),
  ['python', ['-W', '-X', '-m', '-c']],
  ['perl', ['-e', '-E']],
  ['fish', []],
  ['expect', []],
  ['tclsh', []],
  ['.', []],
  ['source', []],
]);

/** Programs and shell words that run the command in their arguments, with the number of other arguments before it. */
const runners = new Map<string, number>([
  ...'busybox env exec nice ionice nohup setsid stdbuf time sudo runuser setpriv unshare nsenter tini dumb-init catatonit strace ltrace prlimit numactl unbuffer xargs systemd-run systemd-cat chpst with-contenv chronic cgexec start-stop-daemon watch toybox ld-linux'
    .split(' ')
    .map((name) => [name, 0] as const),
  ...'command builtin eval ! if then else elif while until do'.split(' ').map((name) => [name, 0] as const),
  ...'timeout chroot gosu su-exec setuidgid s6-setuidgid faketime taskset chrt flock pidproxy'.split(' ').map((name) => [name, 1] as const),
  ['ip', 3],
]);

/** Where in a shell's text one command ends and the next can begin. */
const commandEnds = /[;&|(){}\n`]+/;

/** `>/log`, `2>&1`, `</dev/null`: no part of the command that they stand at. */
const redirections = /\d*(?:>>|>\||<<|[<>])&?\s*[^\s;&|()<>]+/g;

const isOption = (word: string) => /^[-+]/.test(word);
const isAssignment = (word: string) => /^\w+=/.test(word);

/**
 * Whether a command runs a file called start.sh: `/usr/bin/start.sh`, `bash /usr/bin/start.sh -x`,
 * `sh -c "sleep 1; exec /x/start.sh"`; not `tail -f /var/log/start.sh.log`, not `echo start.sh`.
 *
 * @param command - as supervisord's `command=`, which it splits as Python's shlex does
 */
export function runsStartScript(command: string): boolean {
  return wordsRunIt(wordsOf(command));
}

function wordsRunIt(words: readonly string[]): boolean {
  const [program, ...rest] = words;
  if (program === undefined) return false;
  if (isAssignment(program)) return wordsRunIt(rest);
  // python3.11, ld-linux-x86-64.so.2
  const name = baseName(program).replace(/^(python|ld-linux)[-\d.].*$/, '$1');
  const shellText = shells.has(name) ? textOfShell(rest) : textRunners.has(name) ? textAfterOption(rest) : undefined;
  if (shellText !== undefined)
    return shellText
      .replace(redirections, ' ')
      .split(commandEnds)
      .some((part) => wordsRunIt(wordsOf(part)));
  const valueOptions = interpreters.get(name);
  if (valueOptions !== undefined) return interpreterRunsIt(rest, valueOptions);
  const argumentsBefore = runners.get(name);
  return argumentsBefore === undefined ? name === script : runnerRunsIt(rest, argumentsBefore);
}

/** The text of `sh -c text`, `sh -ec text`, `sh -o pipefail -c text`; undefined when it runs a file. */
function textOfShell(words: readonly string[]): string | undefined {
  const index = firstArgument(words, shellOptions);
  return words.slice(0, index).some((word) => /^-\w*c\w*$/.test(word)) ? words[index] : undefined;
}

/** The text of `su root -c text`, `script -qc text file`. */
function textAfterOption(words: readonly string[]): string | undefined {
  const index = words.findIndex((word) => /^-\w*c$|^--command$/.test(word));
  return index === -1 ? undefined : words[index + 1];
}

function interpreterRunsIt(words: readonly string[], valueOptions: readonly string[]): boolean {
  return baseName(words[firstArgument(words, valueOptions)] ?? '') === script;
}

/** Where the first word stands that is neither an option nor an option's value; behind the last word if there is none. */
function firstArgument(words: readonly string[], valueOptions: readonly string[]): number {
  const index = words.findIndex((word, at) => !isOption(word) && !valueOptions.includes(words[at - 1] ?? ''));
  return index === -1 ? words.length : index;
}

/**
 * Skips a runner's options to the command behind them. Which of them take a value is not known here,
 * so the word after an option is tried both ways, as the command and as a value.
 */
function runnerRunsIt(words: readonly string[], argumentsBefore: number): boolean {
  for (const [index, word] of words.entries()) {
    if (isOption(word) || isAssignment(word)) continue;
    if (wordsRunIt(words.slice(index + argumentsBefore))) return true;
    if (!isOption(words[index - 1] ?? '')) return false;
  }
  return false;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function wordsOf(text: string): string[] {
  try {
    return split(text);
  } catch {
    // An unclosed quote, which a piece of a shell's text may well have.
    return text.split(/[\s'"]+/).filter((word) => word !== '');
  }
}
