import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { environmentOf } from './environment.ts';
import { textOf } from './files.ts';

/** Its options. */
export type Section = ReadonlyMap<string, string>;

/** supervisord's configuration as its files have it: RPC tells neither environment= nor autorestart=, nor why there is no RPC. */
export interface Configuration {
  readonly file: string;
  readonly sections: ReadonlyMap<string, Section>;
}

/** Where supervisord looks when it is told no file (http://supervisord.org/configuration.html). */
const usualFiles = ['supervisord.conf', 'etc/supervisord.conf', '/etc/supervisord.conf', '/etc/supervisor/supervisord.conf'];

/** @returns undefined where its files are not to be found, or may not be read */
export function configurationOf(supervisordPid: number): Configuration | undefined {
  try {
    const argv = readFileSync(`/proc/${supervisordPid}/cmdline`, 'utf8').split('\0');
    const directory = readlinkSync(`/proc/${supervisordPid}/cwd`);
    const files = (toldFile(argv) ?? usualFiles).map((file) => resolve(directory, file));
    const file = files.find((path) => textOf(path) !== undefined);
    return file === undefined ? undefined : { file, sections: readFiles(file, environmentOf(supervisordPid) ?? {}) };
  } catch {
    return undefined;
  }
}

/** The supervisord of this container: the parent of its daemon, or the only one whose files are those that are seen here. */
export function findSupervisord(daemonPid: number | undefined): number | undefined {
  const parent = /^PPid:\s+(\d+)/m.exec(textOf(`/proc/${daemonPid}/status`) ?? '')?.[1];
  const candidates = parent === undefined ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [parent];
  const found = candidates.filter((pid) => {
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, 2);
      return (
        argv.some((word) => basename(word) === 'supervisord') && readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt')
      );
    } catch {
      return false;
    }
  });
  return found.length === 1 ? Number(found[0]) : undefined;
}

/** What a section's environment= adds. */
export function environmentIn(section: Section | undefined): Record<string, string> {
  const pairs = (section?.get('environment') ?? '').matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,\s]*))/g);
  return Object.fromEntries([...pairs].map(([, name = '', double, single, bare = '']) => [name, double ?? single ?? bare]));
}

function toldFile(argv: readonly string[]): string[] | undefined {
  for (const [index, word] of argv.entries()) {
    const [, joined] = /^(?:-n?c|--configuration=)(.+)$/.exec(word) ?? [];
    if (joined !== undefined) return [joined];
    if (/^(?:-n?c|--configuration)$/.test(word)) return [argv[index + 1] ?? ''];
  }
  return undefined;
}

function readFiles(file: string, environment: NodeJS.ProcessEnv): Map<string, Map<string, string>> {
  const sections = readSections(file, environment);
  const included = (sections.get('include')?.get('files') ?? '').split(/\s+/).filter((pattern) => pattern !== '');
  for (const path of included.flatMap((pattern) => filesLike(resolve(dirname(file), pattern)))) {
    for (const [name, section] of readSections(path, environment)) sections.set(name, section);
  }
  return sections;
}

/** An INI file as supervisord takes it: comments, and lines that go on when they begin with a blank. */
function readSections(file: string, environment: NodeJS.ProcessEnv): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key = '';
  for (const line of (textOf(file) ?? '').split(/\r?\n/)) {
    if (/^\s*(?:[;#]|$)/.test(line)) continue;
    const text = expand(line.replace(/\s;.*$/, '').trimEnd(), dirname(file), environment);
    const [, name] = /^\[(.+)\]$/.exec(text) ?? [];
    const [, option, value = ''] = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(text) ?? [];
    if (name !== undefined) {
      section = new Map();
      sections.set(name, section);
    } else if (option !== undefined) {
      key = option.toLowerCase();
      section?.set(key, value);
    } else section?.set(key, `${section.get(key)} ${text.trim()}`);
  }
  return sections;
}

function expand(text: string, here: string, environment: NodeJS.ProcessEnv): string {
  return text.replaceAll('%(here)s', here).replace(/%\(ENV_(\w+)\)s/g, (_all, name: string) => environment[name] ?? '');
}

/** Only the last part of a path may have wildcards here. */
function filesLike(pattern: string): string[] {
  const source = basename(pattern)
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  try {
    const names = readdirSync(dirname(pattern)).filter((name) => new RegExp(`^${source}$`).test(name));
    return names.sort().map((name) => join(dirname(pattern), name));
  } catch {
    return [];
  }
}
