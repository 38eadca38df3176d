import { parseArgs } from 'node:util';
import { probeTimeoutVariable } from '../../shared/defaults.ts';
import { oneLine } from '../../shared/reply.ts';
import { type Definition, definitions, type Settings } from './definitions.ts';
import { type Shown, shownTexts } from './help.ts';

const all: readonly (readonly [string, Definition])[] = Object.entries(definitions);
const variablePrefix = 'READINESSD_';

/** Variables that Kubernetes sets in every pod when there is a Service called readinessd or readinessd-something. */
const serviceLink = /^READINESSD_(\w+_)?(SERVICE_(HOST|PORT)|PORT)(_|$)/;

/** What the command line asks for. */
export type Request =
  | { readonly show: Exclude<Shown, 'check-config'>; readonly print: Print }
  | { readonly settings: Settings; readonly isCheckOnly: boolean };

/** Options of --print-supervisor-conf. */
export interface Print {
  readonly isPolling: boolean;
  /** A file instead of stdout. */
  readonly output: string | undefined;
  readonly isForced: boolean;
}

const shows = Object.keys(shownTexts) as Shown[];

/** Flags that need no value, such as --events. They may have one: --events=off. */
const switches = all.filter(([, { placeholder }]) => placeholder === '').map(([, { flag }]) => flag);

/** A setting that cannot be used. The message is the one line for stderr. */
export class SettingsError extends Error {}

/**
 * Reads the settings. A flag wins over its environment variable, and that over the default.
 *
 * @param argv - the arguments, without node and script
 * @param environment - the daemon's environment
 * @throws SettingsError that names setting and value, and says what is allowed
 */
export function readSettings(argv: readonly string[], environment: NodeJS.ProcessEnv): Request {
  const flags = readFlags(argv);
  const show = shows.find((name) => flags[name] === true);
  const print = readPrint(flags, show);
  if (show !== undefined && show !== 'check-config') return { show, print };
  refuseUnknownVariables(environment);

  const values = Object.fromEntries(
    all.map(([key, definition]) => [key, settingOf(key, definition, flags, environment)]),
  ) as unknown as Settings;
  if (values.supervisorPassword !== undefined && values.supervisorUser === undefined) {
    throw new SettingsError('cannot use READINESSD_SUPERVISOR_PASSWORD=(not shown): it needs READINESSD_SUPERVISOR_USER as well');
  }
  return { settings: Object.freeze(values), isCheckOnly: show === 'check-config' };
}

function readPrint({ poll, output, force }: Record<string, string | true>, show: Shown | undefined): Print {
  const belongs = 'it belongs to --print-supervisor-conf';
  if (show !== 'print-supervisor-conf') {
    if (poll !== undefined) throw new SettingsError(`cannot use --poll: ${belongs}; a daemon without --events polls`);
    if (output !== undefined) throw new SettingsError(`cannot use --output (-o): ${belongs}, whose text it writes to a file`);
  }
  if (force !== undefined && output === undefined) throw new SettingsError(`cannot use --force: it belongs to --output (-o)`);
  const file = typeof output === 'string' ? readValue('--output', output, (text) => text) : undefined;
  return { isPolling: poll === true, output: file, isForced: force === true };
}

/** The first given value counts, but all given values must be valid. */
function settingOf(key: string, definition: Definition, flags: Record<string, string | true>, environment: NodeJS.ProcessEnv): unknown {
  const { flag, variable, read, defaultText } = definition;
  const given = [
    [`--${flag}`, flags[flag]],
    [variable, environment[variable]],
  ].flatMap(([name, text]) => (typeof text === 'string' ? [readValue(String(name), text, read)] : []));
  if (given.length > 0) return given[0];
  // supervisord tells its programs where it listens.
  const told = key === 'supervisor' ? environment['SUPERVISOR_SERVER_URL'] : undefined;
  if (told) return readValue('SUPERVISOR_SERVER_URL', told, read);
  return defaultText === undefined ? undefined : read(defaultText);
}

function readFlags(argv: readonly string[]): Record<string, string | true> {
  const known = ['output', ...all.map(([, { flag }]) => flag)];
  const options = Object.fromEntries(
    known.map((flag) => [flag, { type: switches.includes(flag) ? ('boolean' as const) : ('string' as const) }]),
  );
  const withShort = { ...options, output: { type: 'string' as const, short: 'o' } };
  const { tokens } = parseArgs({ args: [...argv], options: withShort, strict: false, allowPositionals: true, tokens: true });
  const flags: Record<string, string | true> = {};
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      // It may be part of a password, separated from its flag by a blank.
      const given = shown(argv.slice(0, token.index + 1).join(' '), token.value);
      throw new SettingsError(`cannot use ${given}: a setting is --NAME VALUE; --help lists them`);
    }
    const { name, rawName, value } = token;
    if ([...shows, 'poll', 'force'].includes(name) && value === undefined) flags[name] = true;
    else if (switches.includes(name)) flags[name] = value ?? 'on';
    else if (!known.includes(name)) {
      const given = value === undefined ? oneLine(rawName) : `${oneLine(rawName)}=${shown(rawName, value)}`;
      throw new SettingsError(`cannot use ${given}: no such setting; --help lists them`);
    } else if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
      throw new SettingsError(`cannot use ${rawName}: it wants a value, as --${name}=VALUE; --help lists the settings`);
    } else flags[name] = value;
  }
  return flags;
}

function readValue<T>(name: string, text: string, read: (text: string) => T): T {
  try {
    if (text === '') throw new Error('must not be empty; leave it out for the default');
    return read(text);
  } catch (error) {
    throw new SettingsError(`cannot use ${name}=${shown(name, text)}: ${(error as Error).message}`);
  }
}

/**
 * A value for an error message: one line, without credentials. In a mistyped URL, anything before
 * an @ may be credentials.
 */
function shown(name: string, text: string): string {
  return /pas|secret|token/i.test(name) ? '(not shown)' : JSON.stringify(oneLine(text.replace(/^(\w+:\/\/)?.*@/s, '$1(not shown)@')));
}

function refuseUnknownVariables(environment: NodeJS.ProcessEnv): void {
  const known = new Set([...all.map(([, { variable }]) => variable), probeTimeoutVariable]);
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith(variablePrefix) && !known.has(name) && !serviceLink.test(name)) {
      throw new SettingsError(`cannot use ${oneLine(name)}=${shown(name, value ?? '')}: no such setting; --help lists them`);
    }
  }
}
