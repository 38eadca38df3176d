import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { environmentOf, linkOf } from '../proc/processes.ts';
import { supervisordCall } from './find-supervisord.ts';
import { pathsLike } from './glob.ts';

/** Its options, by their names in small letters. What only supervisord can fill in, such as %(program_name)s, is left as it stands. */
export type Section = ReadonlyMap<string, string>;

/** supervisord's configuration as its files have it: RPC tells neither passwords, environment= nor autorestart=, nor why there is no RPC. */
export interface Configuration {
  readonly file: string;
  readonly sections: ReadonlyMap<string, Section>;
  /** The patterns of its [include], as absolute paths; none where it has no [include], undefined where one of them is not known. */
  readonly include: readonly string[] | undefined;
  /** An option's value, if it is sure to be the one that supervisord has read. */
  certain(section: string, option: string): string | undefined;
  /** The file that a section is in, the last of several. */
  fileOf(section: string): string;
}

/** Why there is none: no such supervisord, none of its files found, or one that may not be read or makes no sense. */
export interface NoConfiguration {
  readonly sections?: undefined;
  readonly file: string | undefined;
}

/** An option as it is written, and where. */
type Written = Map<string, Map<string, string>>;

/** A file larger than this is not a configuration. */
const maxFileBytes = 4 * 1024 * 1024;

/** Reads what supervisord reads: the file it was told, else the first that there is of its search path. */
export function configurationOf(supervisordPid: number): Configuration | NoConfiguration {
  const call = supervisordCall(supervisordPid);
  const told = call === undefined ? undefined : toldFile(call.args);
  const directory = linkOf(`/proc/${supervisordPid}/cwd`);
  const candidates = call === undefined ? [] : told === undefined ? searchPath(call.program) : [told];
  // Where its working directory may not be looked at, only whole paths can be known.
  if (directory === undefined && !candidates.every((path) => path.startsWith('/'))) return { file: undefined };
  const files = candidates.map((path) => resolve(directory ?? '/', path));
  const file = files.find((path) => existsSync(path)) ?? (told === undefined ? undefined : files[0]);
  return file === undefined ? { file } : readConfiguration(file, environmentOf(supervisordPid) ?? {});
}

/**
 * @param file - an absolute path
 * @param environment - supervisord's
 */
export function readConfiguration(file: string, environment: NodeJS.ProcessEnv): Configuration | NoConfiguration {
  const written: Written = new Map();
  const origins = new Map<string, string>();
  const names = new Map<string, string>([
    ['here', dirname(file)],
    ['host_node_name', hostname()],
  ]);
  for (const [name, value] of Object.entries(environment)) names.set(`ENV_${name}`, value ?? '');
  let include: string[] | undefined;
  try {
    readInto(written, origins, file, textOfFile(file));
    const { text: files, isWhole } = expand(written.get('include')?.get('files') ?? '', names);
    const patterns = files.split(/\s+/).flatMap((pattern) => (pattern === '' ? [] : [resolve(dirname(file), pattern)]));
    if (isWhole) include = patterns;
    for (const path of patterns.flatMap(pathsLike)) {
      const text = textOrNone(path);
      if (text !== undefined) readInto(written, origins, path, text);
    }
  } catch {
    return { file };
  }
  // Whatever supervisord gives its programs, it knows as well.
  const global = expand(optionOf(written, 'supervisord', 'environment') ?? '', names).text;
  for (const [name, value] of Object.entries(pairsIn(global))) names.set(`ENV_${name}`, value);

  const sections = [...written].filter(([name]) => name !== defaultSection);
  return {
    file,
    include,
    sections: new Map(
      sections.map(([name, options]) => [name, new Map([...options].map(([key, value]) => [key, expand(value, names).text]))]),
    ),
    certain(section, option) {
      const value = optionOf(written, section, option);
      const expanded = value === undefined ? undefined : expand(value, names);
      return expanded?.isWhole === true ? expanded.text : undefined;
    },
    fileOf: (section) => origins.get(section) ?? file,
  };
}

/** What a section's environment= adds. */
export function environmentIn(section: Section | undefined): Record<string, string> {
  return pairsIn(section?.get('environment') ?? '');
}

function pairsIn(text: string): Record<string, string> {
  const pairs = text.matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,\s]*))/g);
  return Object.fromEntries([...pairs].map(([, name = '', double, single, bare = '']) => [name, double ?? single ?? bare]));
}

/** Where supervisord looks when it is told no file: first beside its own folder. */
function searchPath(program: string): string[] {
  const beside = dirname(dirname(program));
  const usual = ['supervisord.conf', 'etc/supervisord.conf', '/etc/supervisord.conf', '/etc/supervisor/supervisord.conf'];
  // By -m it is Python that knows where the program lies: among its packages, where nobody puts a configuration.
  return program.includes('/') ? [`${beside}/etc/supervisord.conf`, `${beside}/supervisord.conf`, ...usual] : usual;
}

// supervisord's own options, as Python's getopt takes them: "-nc FILE", "-ncFILE", "--conf=FILE".
const lettersWithValue = 'cumdlyzejiqa';
const flags = ['help', 'version', 'nodaemon', 'nocleanup', 'strip_ansi', 'silent'];

function toldFile(args: readonly string[]): string | undefined {
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? '';
    if (!/^-./.test(word) || word === '--') return undefined;
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name !== undefined) {
      if (name.length > 1 && 'configuration'.startsWith(name)) return value ?? args[index + 1];
      if (value === undefined && !flags.some((flag) => flag.startsWith(name))) index++;
      continue;
    }
    const at = [...word].findIndex((letter) => lettersWithValue.includes(letter));
    if (at === -1) continue;
    const joined = [...word].slice(at + 1).join('');
    if ([...word][at] === 'c') return joined === '' ? args[index + 1] : joined;
    if (joined === '') index++;
  }
  return undefined;
}

/** Its options hold for each section that lacks them. */
const defaultSection = 'DEFAULT';

function optionOf(written: Written, section: string, option: string): string | undefined {
  const options = written.get(section);
  return options && (options.get(option) ?? written.get(defaultSection)?.get(option));
}

/**
 * Adds what a file has, as Python's configparser takes it: of an option the last word counts, and a line that is indented
 * further than its option goes on with its value.
 *
 * @throws Error for a file that supervisord would refuse
 */
function readInto(written: Written, origins: Map<string, string>, file: string, content: string): void {
  let section: Map<string, string> | undefined;
  let option: string | undefined;
  let indent = 0;
  for (const line of content.split(/\r\n|\r|\n/)) {
    // A comment takes the whole line, or what comes after a blank.
    const text = line.replace(/(?:^|\s)[;#].*$/s, '').trim();
    if (text === '') continue;
    const deep = line.search(/\S/);
    if (section !== undefined && option !== undefined && deep > indent) {
      section.set(option, `${section.get(option)}\n${text}`);
      continue;
    }
    indent = deep;
    const name = /^\[(.+)\]/.exec(text)?.[1];
    if (name !== undefined) {
      section = written.get(name) ?? new Map();
      written.set(name, section);
      origins.set(name, file);
      option = undefined;
      continue;
    }
    const [, key = '', value = ''] = /^(.*?)\s*[=:]\s*(.*)$/s.exec(text) ?? [];
    if (section === undefined || key === '') throw new Error(`${file} cannot be read as supervisord's configuration`);
    option = key.toLowerCase();
    section.set(option, value);
  }
  const here = dirname(file);
  for (const options of written.values()) {
    for (const [key, value] of options) options.set(key, value.replaceAll('%(here)s', here));
  }
}

/** Python's formatting, as far as a configuration needs it; `isWhole` when nothing was left that is not known. */
function expand(text: string, names: ReadonlyMap<string, string>): { readonly text: string; readonly isWhole: boolean } {
  let isWhole = true;
  const expanded = text.replace(/%(?:(%)|\(([^)]*)\)s)?/g, (piece, percent?: string, name?: string) => {
    const value = percent ?? names.get(name ?? '');
    if (value === undefined) isWhole = false;
    return value ?? piece;
  });
  return { text: expanded, isWhole };
}

/** A regular file's text, and never a wait: a pipe by that name would be one. */
function textOfFile(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > maxFileBytes) throw new Error(`${path} is no configuration`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** supervisord passes over an included file that it cannot open; a directory, say. */
function textOrNone(path: string): string | undefined {
  try {
    return textOfFile(path);
  } catch {
    return undefined;
  }
}
