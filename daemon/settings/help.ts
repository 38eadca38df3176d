import { definitions } from './definitions.ts';

/** What `--help` and the man page say of the daemon, once. */

export const synopsis = '[--SETTING VALUE ...]';

export const summary = `Watches start.sh under supervisord, the readiness hook and declared checks, and
serves the verdict on a Unix socket, where readiness_probe.sh asks for it.`;

export const notes = `Times carry a unit: 500ms, 10s, 2m. A changed socket path must also be in the
container's environment, since a kubelet's exec does not see what supervisord sets.`;

/** Flags without a value: something is shown, and that is all. */
export const shownTexts = {
  help: 'show this',
  version: 'show the version',
  'check-config': 'check the settings and the files of checks, list what would be checked, and end',
  'make-code-cache': 'while an image is built: write down what V8 makes of the daemon, for quicker starts',
  'print-supervisor-conf': "show supervisord's entry for this installation",
} as const;
export type Shown = keyof typeof shownTexts;

/** What goes with --print-supervisor-conf alone. */
export const printFlags = [
  ['--poll', '', 'the entry without events'],
  ['-o, --output', 'FILE', 'write the entry to this file, as a whole or not at all'],
  ['--force', '', 'even if the file has another text'],
] as const;

/** The text of `--help`. */
export function helpText(): string {
  const rows = Object.values(definitions).map(({ flag, placeholder, variable, defaultText, help }) => {
    const shownDefault = defaultText === undefined ? '' : ` [${defaultText}]`;
    return `  ${`--${flag} ${placeholder}`.trimEnd().padEnd(28)} ${variable}\n${' '.repeat(31)}${help}${shownDefault}`;
  });
  const shown = Object.entries(shownTexts).map(([flag, text]) => `  ${`--${flag}`.padEnd(28)} ${text}`);
  const print = printFlags.map(([flag, placeholder, text]) => `    ${`${flag} ${placeholder}`.trimEnd().padEnd(26)} ${text}`);
  return `usage: readinessd ${synopsis}

${summary}

Settings, as a flag or as an environment variable (the flag wins), [default]:
${rows.join('\n')}

${[...shown, ...print].join('\n')}

${notes}
`;
}
