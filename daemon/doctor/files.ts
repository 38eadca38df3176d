import { accessSync, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../shared/report.ts';
import { inspectProgram, passesAccess } from '../process/inspect.ts';
import { whyNotLoadable } from '../process/loadable.ts';

interface RunFile {
  readonly path: string;
  /** The program of supervisord that runs this file. */
  readonly program?: string;
}

const headBytes = 65_536;

/** Where a program is searched when PATH is not set (execvp(3)). */
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
 * Why a program cannot be started, or fails right after its start. Its file is inspected as the
 * daemon inspects its hook.
 *
 * @param searched - PATH where it is started
 * @returns undefined if nothing is wrong, or the file does not exist
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

/** Problems in a script that the kernel does start. */
async function textTrouble(file: RunFile, searched: string): Promise<Finding | undefined> {
  const { path } = file;
  const [first = ''] = (await headOf(path)).split('\n', 1);
  if (!first.startsWith('#!')) return undefined;
  if (first.endsWith('\r')) return { kind: 'cr-in-first-line', ...file };
  const [, name] = /^#!\s*\S*\/env\s+(?:-S\s+)?([^\s=-][^\s=]*)\s*/.exec(first) ?? [];
  const isFound = name === undefined || searched.split(':').some((directory) => isExecutable(join(directory, name)));
  return isFound ? undefined : { kind: 'env-finds-nothing', ...file, name, searched };
}

/** Whether a script has lines that end in CR LF. */
export async function hasCarriageReturns(path: string): Promise<boolean> {
  const text = await headOf(path);
  return text.startsWith('#!') && text.includes('\r\n');
}

/** The beginning of a regular file; '' where it cannot be read. Never waits, as opening a named pipe would. */
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
