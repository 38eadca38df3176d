import { accessSync, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../shared/report.ts';
import { inspectProgram, passesAccess } from '../process/inspect.ts';
import { whyNotLoadable } from '../process/loadable.ts';

interface RunFile {
  readonly path: string;
  /** Of supervisord's, that it is started for. */
  readonly program?: string;
}

const headBytes = 65_536;

/** Where a program is looked for when PATH is not set (execvp(3)). */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * What keeps a program from being started, or from doing its work once it was; its file is looked at as the daemon looks at its hook.
 *
 * @param searched - PATH, where it is started
 * @returns undefined where nothing does, or it is not there
 */
export async function whyNotRun(
  file: RunFile & { readonly isHook: boolean },
  checkSafety: boolean,
  searched = defaultPath,
): Promise<Finding | undefined> {
  const { found } = await inspectProgram(file.path, checkSafety);
  if (found.kind === 'absent') return undefined;
  if (found.kind === 'not executable') return { kind: 'not-executable', ...file, ...found.why };
  if (found.kind === 'unsafe') return { kind: 'unsafe', ...file, ...found.why };
  if (!(await passesAccess(file.path))) return { kind: 'noexec', ...file };
  const why = await whyNotLoadable(file.path);
  return why === undefined ? textTrouble(file, searched) : { kind: 'not-loadable', ...file, ...why };
}

/** What the kernel starts, and what fails all the same. */
async function textTrouble(file: RunFile, searched: string): Promise<Finding | undefined> {
  const { path } = file;
  const [first = ''] = (await headOf(path)).split('\n', 1);
  if (!first.startsWith('#!')) return undefined;
  if (first.endsWith('\r')) return { kind: 'cr-in-first-line', ...file };
  const [, name] = /^#!\s*\S*\/env\s+(?:-S\s+)?([^\s=-][^\s=]*)\s*/.exec(first) ?? [];
  const isFound = name === undefined || searched.split(':').some((directory) => isExecutable(join(directory, name)));
  return isFound ? undefined : { kind: 'env-finds-nothing', ...file, name, searched };
}

/** Whether lines of a script end in CR LF. */
export async function hasCarriageReturns(path: string): Promise<boolean> {
  const text = await headOf(path);
  return text.startsWith('#!') && text.includes('\r\n');
}

/** A regular file's beginning; '' where it cannot be read. Never a wait: a pipe by that name would be one. */
async function headOf(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
