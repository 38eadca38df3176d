import { codeOf, exitCodeTable } from '../../shared/exit-codes.ts';
import { instructionsOf } from './document-blocks.ts';
import type { Block } from './documents.ts';

/** A command of a document, as one would type it. */
export interface Command {
  readonly line: string;
  /** The output that the document shows. Undefined when it shows none. */
  readonly output: string | undefined;
  /** Why it is not run. Undefined when it is run. */
  readonly notRun: string | undefined;
}

/** A verdict that a document shows. The commands beside it should find the same. */
export interface Shown {
  readonly code: number;
  readonly reason: string;
}

/** Languages whose blocks contain commands. */
export const commandLanguages = ['sh', 'console', 'dockerfile'];

/** Why a test cannot run a command, by its text. A block can also say so itself: `<!-- not run: REASON -->`. */
const cannotRun: readonly (readonly [RegExp, string])[] = [
  [/\bkubectl\b/, 'needs a cluster'],
  [/\b(docker|podman|buildah|crictl|runc)\b/, 'needs an engine for containers'],
  [/\b(npm|npx|apt|apt-get|pip3?)\b/, 'needs the network, or takes minutes'],
  [/(^|\s)(script|\.)\/\w/, 'is the project, which the other tests run'],
  [/\bsupervisorctl\b/, 'changes supervisord'],
  [/\breadinessctl ls\b/, 'shows what runs on this machine'],
  [/\s(--watch|-w)\b/, 'does not end'],
  [/(?<![\w$={-])(POD|NAME|NAMESPACE|NODE|CONTAINER|IMAGE|FILE|PORT|POD_IP|N)(?![\w=])/, 'has a placeholder'],
];

const ours = /^(\/usr\/bin\/)?(readinessctl|readinessd|readiness_probe\.sh)$/;
const harmless = ['echo', 'printf', 'head', 'tail', 'grep', 'jq', 'cut', 'sort', 'wc', 'cat', 'true', 'set', 'export'];

/** A block's commands in their order. */
export function commandsIn(block: Block): readonly Command[] {
  const commands = split(block).map(withoutDaemon);
  return commands.map(({ line, output }, index) => {
    // If a command was not run, its exit code is unknown.
    const subject = /^echo \$\?$/.test(line) ? (commands[index - 1]?.line ?? line) : line;
    return { line, output, notRun: block.notRun ?? whyNotRun(subject) };
  });
}

/** A command that starts a daemon would not end, so only its settings are checked. */
function withoutDaemon<T extends { readonly line: string; readonly output: string | undefined }>(command: T): T {
  const starts = /^((?:\w+=\S* +)*readinessd)\b(?!.* --(?:check-config|make-code-cache|print-supervisor-conf|help|version)\b)/;
  return starts.test(command.line) ? { ...command, line: command.line.replace(starts, '$1 --check-config'), output: undefined } : command;
}

function split({ language, text }: Block): { readonly line: string; readonly output: string | undefined }[] {
  if (language === 'dockerfile') {
    const lines = instructionsOf(text).map(({ name, rest }) => {
      if (name === 'ENV') return `export ${rest}`;
      return name === 'RUN' ? rest : `buildah ${name} ${rest}`;
    });
    return lines.map((line) => ({ line, output: undefined }));
  }
  if (language === 'console') {
    return text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [, line = '', output = ''] = /^((?:.*\\\n)*.*)\n?([\s\S]*)$/.exec(part) ?? [];
        return { line: joined(line), output: output.trimEnd() === '' ? undefined : output.trimEnd() };
      });
  }
  // Other constructs over several lines are one command.
  if (/<<|^\s*(if|for|while|until|case|\w+\(\)|\{)/m.test(text)) return [{ line: text.trimEnd(), output: undefined }];
  return joined(text)
    .split('\n')
    .filter((line) => !/^\s*(#.*)?$/.test(line))
    .map((line) => ({ line, output: undefined }));
}

function joined(text: string): string {
  return text.replaceAll(/\\\n\s*/g, '');
}

/**
 * @returns undefined when each program in a line is ours or harmless; a line that is neither known nor
 * excused is an error
 */
function whyNotRun(line: string): string | undefined {
  const [, excuse] = cannotRun.find(([words]) => words.test(line)) ?? [];
  if (excuse !== undefined) return excuse;
  const bare = line.replaceAll(/"[^"$`]*"|'[^']*'/g, 'TEXT').replaceAll(/\s#.*$/gm, '');
  const programs = bare
    .split(/\$\(|&&|\|\||[;|()\n`]|(?<!>)&(?!\d)/)
    .map((part) => part.trim().replace(/^((do|then|else|elif|if|while|until|!|\{)(\s+|$))*(\w+=\S*\s*)*/, ''))
    .filter((part) => !/^(done|fi|\}|for\s.*|)$/.test(part));
  const isKnown = (part: string) => {
    const [program = ''] = part.split(/\s/);
    const isAboutUs = program === 'curl' && /\/run\/readinessd\.sock|127\.0\.0\.1:9464/.test(line);
    return ours.test(program) || harmless.includes(program) || isAboutUs;
  };
  const unknown = programs.find((part) => !isKnown(part));
  const [, written] = />>?\s*(?!\/etc\/|\/dev\/null|&)(\S+)/.exec(bare) ?? [];
  if (unknown === undefined && written === undefined) return undefined;
  throw new Error(
    `cannot tell whether "${unknown ?? `> ${written}`}" may be run: put "<!-- not run: REASON -->" before the block, or the program into a list of test/support/document-commands.ts`,
  );
}

/** The first verdict that a text shows, if there is one. */
export function shownVerdict(text: string): Shown | undefined {
  for (const [, code = '', reason = ''] of text.matchAll(/\b(\d{1,3}) ([A-Z]\w+)\b/g))
    if (exitCodeTable.some((row) => row.reason === reason)) return { code: Number(code), reason };
  return undefined;
}

/** A line without what differs from run to run. */
export function formOf(line: string): string {
  return line
    .replaceAll(/\d+(\.\d+)? ?(ms|s|min|h|d)\b( \d+ ?(s|min|h)\b)?/g, 'TIME')
    .replaceAll(/\s+/g, ' ')
    .replace(/^\{.*/, 'JSON')
    .trim();
}

/** Whether output begins with the line that a document shows first, which may be broken there as on a narrow terminal. */
export function isShownFirst(shown: string, output: string): boolean {
  const solid = (text: string) => formOf(text).replaceAll(' ', '');
  const [first = ''] = output.split('\n');
  const lines = shown.split('\n');
  return lines.some((_line, index) => solid(lines.slice(0, index + 1).join(' ')) === solid(first));
}

/**
 * The exit codes that a document allows for a command: 0, or the code that it shows, or the probe's when it
 * shows none.
 */
export function allowedCodes(command: Command, next: Command | undefined): readonly number[] {
  if (next?.line === 'echo $?' && next.output !== undefined) return [Number(next.output.split('\n')[0])];
  // It prints the code itself, as its last line.
  if (/; *echo \$\?$/.test(command.line)) return [0];
  const shown = shownVerdict(command.output?.split('\n')[0] ?? '');
  const passesItOn = shown !== undefined && !/^curl\b/.test(command.line) && shown.code !== codeOf('Ready');
  return passesItOn ? [0, shown.code] : [0];
}
