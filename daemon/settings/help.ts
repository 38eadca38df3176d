import { definitions } from './definitions.ts';

/** The words that `--help` and the man page of the daemon share. */

export const synopsis = '[--SETTING VALUE ...]';

export const summary = `Checks start.sh under supervisord, your hook and your declared checks, and serves
the verdict on a Unix socket, where readiness_probe.sh asks for it.`;

export const notes = `Times have a unit: 500ms, 10s, 2m. Set another socket path in the container's
environment: the probe does not see what supervisord's environment= sets.`;

/** Flags with which readinessd does one thing and exits, without running as a daemon. */
export const shownTexts = {
  help: 'show this help',
  version: 'show the version',
  'check-config': 'check the settings and the files of checks, list what would be checked, and exit',
  'make-code-cache': 'for the build of an image: save compiled code, so that the daemon starts faster',
  'print-supervisor-conf': "show supervisord's entry for this installation",
} as const;
export type Shown = keyof typeof shownTexts;

/** Flags that only --print-supervisor-conf takes. */
export const printFlags = [
  ['--poll', '', 'the entry without events'],
  ['-o, --output', 'FILE', 'write the entry to this file, atomically'],
  ['--force', '', 'replace the file even if it has other content'],
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
