import { type BigIntStats, constants, readFileSync, type Stats } from 'node:fs';
import { access, lstat, readlink, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
    // Only a plain "no such file" in a directory that is there means that there is no hook: all else could hide one.
    if (codeOfError(error) !== 'ENOENT') return { kind: 'not executable', why: `cannot be looked at: ${describe(error)}` };
    const hasDirectory = await stat(dirname(path)).then(
      () => true,
      () => false,
    );
    return hasDirectory
      ? { kind: 'absent' }
      : { kind: 'not executable', why: `cannot be looked at: there is no directory ${dirname(path)}` };
  }
  try {
    const stats = await stat(path, { bigint: true });
    if (!stats.isFile()) return { kind: 'not executable', why: `is a ${kindOf(stats)}, not a regular file` };
    const isPermitted = await passesAccess(path);
    if (!isPermitted && !mayExecute(stats)) return { kind: 'not executable', why: whyNotExecutable(stats) };
    const danger = checkSafety ? await findDanger(path) : undefined;
    if (danger !== undefined) return { kind: 'unsafe', why: danger };
    if (!isPermitted) return { kind: 'refused', why: 'permission denied though it is executable: its file system is mounted noexec' };
    return { kind: 'ready' };
  } catch (error) {
    const why = codeOfError(error) === 'ENOENT' ? 'is a dangling symbolic link' : `cannot be looked at: ${describe(error)}`;
    return { kind: 'not executable', why };
  }
}

/** What tells one state of a file from the next, by content and by who may run or write it; '' when it is gone. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, mode, uid, gid } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, mode, uid, gid].join(':');
  } catch {
    return '';
  }
}

function whyNotExecutable({ mode }: BigIntStats): string {
  if (process.geteuid?.() === 0 && (mode & 0o111n) !== 0n)
    return 'is not executable for this root, who lacks the capability CAP_DAC_OVERRIDE: "chmod 0755" makes it so';
  return 'is not executable: "chmod 0755" makes it so, or remove it if there is to be no hook';
}

/** By owner, group and mode, as the kernel decides (root may with any x bit). access() says no on a noexec mount as well. */
function mayExecute({ mode, uid, gid }: BigIntStats): boolean {
  const me = process.geteuid?.() ?? 0;
  if (me === 0 && (mode & 0o111n) !== 0n && mayOverride()) return true;
  if (uid === BigInt(me)) return (mode & 0o100n) !== 0n;
  const groups = [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])];
  return (mode & (groups.some((group) => BigInt(group) === gid) ? 0o010n : 0o001n)) !== 0n;
}

/** Root without the capability CAP_DAC_OVERRIDE (bit 1 in linux/capability.h) is a user like others. */
function mayOverride(): boolean {
  try {
    const [, held = 'f'] = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return (BigInt(`0x${held}`) & 2n) !== 0n;
  } catch {
    return true;
  }
}

async function passesAccess(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** As deep as the kernel follows links (linux/namei.h). */
const maxLinks = 40;

/**
 * Who else than root could have written the hook: follows the path as the kernel does, and looks at every directory
 * and link on the way, and at the file at its end.
 */
async function findDanger(path: string): Promise<string | undefined> {
  const names = path.split('/').filter((name) => name !== '');
  let directory = '/';
  let danger = dangerOf(directory, await lstat(directory));
  for (let links = 0; danger === undefined && names.length > 0; ) {
    const name = names.shift() ?? '';
    const place = join(directory, name);
    const stats = await lstat(place);
    danger = dangerOf(place, stats);
    if (stats.isSymbolicLink()) {
      if (++links > maxLinks) throw new Error('too many symbolic links');
      const target = await readlink(place);
      names.unshift(...target.split('/').filter((part) => part !== ''));
      if (target.startsWith('/')) directory = '/';
    } else directory = place;
  }
  return danger;
}

/** A link's own mode says nothing; in a sticky directory nobody can replace what is root's. */
function dangerOf(place: string, stats: Stats): string | undefined {
  if (stats.uid !== 0) return `${place} belongs to user ${stats.uid}, not to root`;
  if (stats.isSymbolicLink() || (stats.isDirectory() && (stats.mode & 0o1000) !== 0)) return undefined;
  if ((stats.mode & 0o002) !== 0) return `${place} can be written by everybody`;
  return (stats.mode & 0o020) !== 0 && stats.gid !== 0 ? `${place} can be written by group ${stats.gid}` : undefined;
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
