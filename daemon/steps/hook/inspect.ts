import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { access, lstat, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What the hook's file looks like before it is run. */
export type Inspection =
  | { readonly kind: 'absent' }
  | { readonly kind: 'not executable'; readonly why: string }
  | { readonly kind: 'unsafe'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'ready' };

/**
 * Looks at the hook's file, link followed.
 *
 * @param path - of the hook
 * @param checkSafety - whether to ask that only root can have written it
 */
export async function inspectHook(path: string, checkSafety: boolean): Promise<Inspection> {
  try {
    await lstat(path);
  } catch (error) {
    // Only a plain "no such file" means that there is no hook: all else could hide one.
    return codeOfError(error) === 'ENOENT'
      ? { kind: 'absent' }
      : { kind: 'not executable', why: `cannot be looked at: ${describe(error)}` };
  }
  try {
    const stats = await stat(path, { bigint: true });
    if (!stats.isFile()) return { kind: 'not executable', why: `is a ${kindOf(stats)}, not a regular file` };
    if (!mayExecute(stats) && !(await passesAccess(path))) {
      return { kind: 'not executable', why: 'is not executable: "chmod 0755" makes it so, or remove it if there is to be no hook' };
    }
    const danger = checkSafety ? await findDanger(path) : undefined;
    if (danger !== undefined) return { kind: 'unsafe', why: danger };
    if (!(await passesAccess(path)))
      return { kind: 'refused', why: 'permission denied though it is executable: its file system is mounted noexec' };
    return { kind: 'ready' };
  } catch (error) {
    const why = codeOfError(error) === 'ENOENT' ? 'is a link that leads nowhere' : `cannot be looked at: ${describe(error)}`;
    return { kind: 'not executable', why };
  }
}

/** What tells one state of a file from the next; '' when it is gone. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return '';
  }
}

/** By owner, group and mode, as the kernel decides (root needs any x bit). access() says no on a noexec mount as well. */
function mayExecute({ mode, uid, gid }: BigIntStats): boolean {
  const me = process.geteuid?.() ?? 0;
  if (me === 0) return (mode & 0o111n) !== 0n;
  if (uid === BigInt(me)) return (mode & 0o100n) !== 0n;
  const groups = [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])];
  return (mode & (groups.some((group) => BigInt(group) === gid) ? 0o010n : 0o001n)) !== 0n;
}

async function passesAccess(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Who else than root could have written the hook: its file, or a directory on the way to it or to a link that leads to it. */
async function findDanger(path: string): Promise<string | undefined> {
  const target = await realpath(path);
  const directories = [...ancestors(path), ...ancestors(target)];
  for (const checked of new Set([target, ...directories])) {
    const { mode, uid, gid } = await stat(checked);
    const isSticky = checked !== target && (mode & constants.S_IFDIR) !== 0 && (mode & 0o1000) !== 0;
    if (uid !== 0) return `${checked} belongs to user ${uid}, not to root`;
    if (isSticky) continue;
    if ((mode & 0o002) !== 0) return `${checked} can be written by everybody`;
    if ((mode & 0o020) !== 0 && gid !== 0) return `${checked} can be written by group ${gid}`;
  }
  return undefined;
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...ancestors(parent)];
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isFIFO()) return 'named pipe';
  return stats.isSocket() ? 'socket' : 'device';
}

function codeOfError(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** "ELOOP: too many symbolic links encountered, stat '/x'" without the call and the path. */
function describe(error: unknown): string {
  return (error as Error).message.replace(/^[A-Z]+: /, '').replace(/, \w+ '.*$/, '');
}
