import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { environmentOf, linkOf } from '../proc/processes.ts';
import { supervisordCall } from './find-supervisord.ts';
import { pathsLike } from './glob.ts';

/**
 * A section's options by their names in lower case. Values that only supervisord can expand, such
 * as %(program_name)s, stay as they are.
 */
export type Section = ReadonlyMap<string, string>;

/**
 * supervisord's configuration, read from its files. RPC reports neither passwords nor environment=,
 * nor (before 4.4) autorestart, and cannot say why there is no RPC.
 */
export interface Configuration {
  readonly file: string;
  readonly sections: ReadonlyMap<string, Section>;
  /**
   * The patterns of [include] as absolute paths: empty without an [include], undefined where one of
   * them cannot be expanded.
   */
  readonly include: readonly string[] | undefined;
  /** An option's value, or undefined if supervisord may have read another one. */
  certain(section: string, option: string): string | undefined;
  /** The file that has a section; the last one if several do. */
  fileOf(section: string): string;
}

/**
 * Why there is no configuration: no such supervisord, none of its files found, or a file that
 * cannot be read or parsed.
 */
export interface NoConfiguration {
  readonly sections?: undefined;
  readonly file: string | undefined;
}

/** Options as they are written, by section. */
type Written = Map<string, Map<string, string>>;

/** A larger file is not a configuration. */
const maxFileBytes = 4 * 1024 * 1024;

/**
 * Reads the same file as supervisord: the one given on its command line, else the first that exists
 * on its search path.
 */
export function configurationOf(supervisordPid: number): Configuration | NoConfiguration {
  const call = supervisordCall(supervisordPid);
  const told = call === undefined ? undefined : toldFile(call.args);
  const directory = linkOf(`/proc/${supervisordPid}/cwd`);
  const candidates = call === undefined ? [] : told === undefined ? searchPath(call.program) : [told];
  // If its working directory cannot be read, only absolute paths are certain.
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
  // What supervisord's own environment= gives to programs can also be used in values.
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

/** The variables that a section's environment= sets. */
export function environmentIn(section: Section | undefined): Record<string, string> {
  return pairsIn(section?.get('environment') ?? '');
}

function pairsIn(text: string): Record<string, string> {
  const pairs = text.matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,\s]*))/g);
  return Object.fromEntries([...pairs].map(([, name = '', double, single, bare = '']) => [name, double ?? single ?? bare]));
}

/** Where supervisord looks without -c: first beside its own folder. */
function searchPath(program: string): string[] {
  const beside = dirname(dirname(program));
  const usual = ['supervisord.conf', 'etc/supervisord.conf', '/etc/supervisord.conf', '/etc/supervisor/supervisord.conf'];
  // Without a slash it was started by `python -m`: then the program lies among Python's packages,
  // where nobody puts a configuration.
  return program.includes('/') ? [`${beside}/etc/supervisord.conf`, `${beside}/supervisord.conf`, ...usual] : usual;
}

// supervisord's own options, in the forms that Python's getopt accepts: "-nc FILE", "-ncFILE",
// "--conf=FILE".
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

/** Its options are the defaults of every section. */
const defaultSection = 'DEFAULT';

function optionOf(written: Written, section: string, option: string): string | undefined {
  const options = written.get(section);
  return options && (options.get(option) ?? written.get(defaultSection)?.get(option));
}

/**
 * Adds a file's options as Python's configparser does: the last value of an option counts, and a
 * line indented deeper than its option continues that option's value.
 *
 * @throws Error for a file that supervisord would refuse
 */
function readInto(written: Written, origins: Map<string, string>, file: string, content: string): void {
  let section: Map<string, string> | undefined;
  let option: string | undefined;
  let indent = 0;
  for (const line of content.split(/\r\n|\r|\n/)) {
    // A comment is a whole line, or what follows a blank.
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

/** Expands %(name)s as Python does, as far as a configuration needs it. `isWhole` is false if a name is not known. */
function expand(text: string, names: ReadonlyMap<string, string>): { readonly text: string; readonly isWhole: boolean } {
  let isWhole = true;
  const expanded = text.replace(/%(?:(%)|\(([^)]*)\)s)?/g, (piece, percent?: string, name?: string) => {
    const value = percent ?? names.get(name ?? '');
    if (value === undefined) isWhole = false;
    return value ?? piece;
  });
  return { text: expanded, isWhole };
}

/** The text of a regular file. Never waits, as opening a named pipe would. */
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

/** supervisord skips an included file that it cannot open, such as a directory. */
function textOrNone(path: string): string | undefined {
  try {
    return textOfFile(path);
  } catch {
    return undefined;
  }
}
