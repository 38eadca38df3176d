import { type BigIntStats, constants, readFileSync } from 'node:fs';
import { access, lstat, readlink, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Danger, FileTrouble } from '../../shared/findings/executable.ts';

/** What is found about a program's file before it is run. */
export type Inspection =
  | { readonly kind: 'absent' }
  | { readonly kind: 'not executable'; readonly why: FileTrouble }
  | { readonly kind: 'unsafe'; readonly why: Danger }
  | { readonly kind: 'ready' };

/** What was found about a program's file, and the fingerprint of this state of it. */
export interface Look {
  readonly found: Inspection;
  readonly fingerprint: string;
}

/**
 * Inspects a program's file; links are followed. All questions to the system that do not depend on
 * a link are asked at the same time, because each one that is waited for wakes two threads.
 *
 * @param path - of the program
 * @param checkSafety - whether to check that only root can have written it
 */
export async function inspectProgram(path: string, checkSafety: boolean): Promise<Look> {
  const places = checkSafety ? placesOf(path) : [path];
  const looks = await Promise.all(places.map((place) => look(place)));
  const own = looks.at(-1) as Seen;
  if (own.stats === undefined) return { found: await whyNotSeen(path, own.error), fingerprint: '' };
  try {
    const stats = own.stats.isSymbolicLink() ? await stat(path, { bigint: true }) : own.stats;
    const seen = new Map(places.map((place, index) => [place, looks[index]?.stats]));
    const found = await judgeFile(path, stats, async () => (checkSafety ? findDanger(path, seen) : undefined));
    return { found, fingerprint: fingerprintOf(stats) };
  } catch (error) {
    const why: FileTrouble = codeOfError(error) === 'ENOENT' ? { trouble: 'dangling-link' } : notSeen(error);
    return { found: { kind: 'not executable', why }, fingerprint: '' };
  }
}

/** Identifies a state of a file: its content, and who may run or write it. '' if the file does not exist. */
export async function fingerprint(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(fingerprintOf, () => '');
}

export function fingerprintOf({ dev, ino, size, mtimeNs, mode, uid, gid }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, mode, uid, gid].join(':');
}

type Seen = { readonly stats: BigIntStats } | { readonly stats?: undefined; readonly error: unknown };

function look(place: string): Promise<Seen> {
  return lstat(place, { bigint: true }).then(
    (stats) => ({ stats }),
    (error: unknown) => ({ error }),
  );
}

/** Only "no such file" in an existing directory means that there is none. Any other error could hide one. */
async function whyNotSeen(path: string, error: unknown): Promise<Inspection> {
  if (codeOfError(error) !== 'ENOENT') return { kind: 'not executable', why: notSeen(error) };
  const hasDirectory = await stat(dirname(path)).then(
    () => true,
    () => false,
  );
  if (hasDirectory) return { kind: 'absent' };
  return { kind: 'not executable', why: { trouble: 'no-directory', directory: dirname(path) } };
}

async function judgeFile(path: string, stats: BigIntStats, findItsDanger: () => Promise<Danger | undefined>): Promise<Inspection> {
  if (!stats.isFile()) return { kind: 'not executable', why: { trouble: 'not-regular', is: kindOf(stats) } };
  const isPermitted = mayExecute(stats) || (await passesAccess(path));
  if (!isPermitted) return { kind: 'not executable', why: { trouble: lacksCapability(stats) ? 'no-x-for-root' : 'no-x' } };
  const danger = await findItsDanger();
  return danger === undefined ? { kind: 'ready' } : { kind: 'unsafe', why: danger };
}

/** Somebody may execute it, but this root may not. */
function lacksCapability({ mode }: BigIntStats): boolean {
  return process.geteuid?.() === 0 && (mode & 0o111n) !== 0n;
}

/** By owner, group and mode, as the kernel decides (root needs any x bit). ACLs are left to access(2). */
function mayExecute({ mode, uid, gid }: BigIntStats): boolean {
  const me = process.geteuid?.() ?? 0;
  if (me === 0 && (mode & 0o111n) !== 0n && mayOverride()) return true;
  if (uid === BigInt(me)) return (mode & 0o100n) !== 0n;
  const groups = [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])];
  return (mode & (groups.some((group) => BigInt(group) === gid) ? 0o010n : 0o001n)) !== 0n;
}

let canOverride: boolean | undefined;

/**
 * Without the capability CAP_DAC_OVERRIDE (bit 1 in linux/capability.h) root is like any other
 * user. It is read once, since it does not change.
 */
function mayOverride(): boolean {
  canOverride ??= hasCapability(2n);
  return canOverride;
}

function hasCapability(bit: bigint): boolean {
  try {
    const [, held = 'f'] = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return (BigInt(`0x${held}`) & bit) !== 0n;
  } catch {
    return true;
  }
}

/** Whether the system itself would let this process run a file. On a noexec mount it lets nobody. */
export async function passesAccess(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The number of links that the kernel follows (linux/namei.h). */
const maxLinks = 40;

/**
 * Who other than root could have written a file. Follows the path as the kernel does, and checks
 * every directory and link on the way, and the file itself.
 *
 * @param path - the absolute path of an existing file
 * @param seen - places that have just been looked at
 * @returns undefined when nobody could; throws when part of the path cannot be looked at
 */
export async function findDanger(
  path: string,
  seen: ReadonlyMap<string, BigIntStats | undefined> = new Map(),
): Promise<Danger | undefined> {
  const lookAt = async (place: string) => seen.get(place) ?? lstat(place, { bigint: true });
  const names = namesIn(path);
  let directory = '/';
  let danger = await dangerOf(directory, await lookAt(directory));
  for (let links = 0; danger === undefined && names.length > 0; ) {
    const name = names.shift() ?? '';
    const place = join(directory, name);
    const stats = await lookAt(place);
    danger = await dangerOf(place, stats);
    if (stats.isSymbolicLink()) {
      if (++links > maxLinks) throw new Error('too many symbolic links');
      const target = await readlink(place);
      names.unshift(...namesIn(target));
      if (target.startsWith('/')) directory = '/';
    } else directory = place;
  }
  return danger;
}

/** The file and the directories above it, provided that none of them is a link. */
function placesOf(path: string): string[] {
  const names = namesIn(path);
  return ['/', ...names.map((_name, index) => `/${names.slice(0, index + 1).join('/')}`)];
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

async function dangerOf(place: string, stats: BigIntStats): Promise<Danger | undefined> {
  // Even on a read-only mount: the owner could have written it before it was mounted read-only.
  if (stats.uid !== 0n) return { place, owner: Number(stats.uid) };
  const writers = writersOf(stats);
  return writers === undefined || (await isReadOnly(place)) ? undefined : { place, writers, group: Number(stats.gid) };
}

/** By its mode. A link's own mode means nothing. In a sticky directory nobody can replace root's files. */
function writersOf(stats: BigIntStats): 'everybody' | 'group' | undefined {
  if (stats.isSymbolicLink() || (stats.isDirectory() && (stats.mode & 0o1000n) !== 0n)) return undefined;
  if ((stats.mode & 0o002n) !== 0n) return 'everybody';
  return (stats.mode & 0o020n) !== 0n && stats.gid !== 0n ? 'group' : undefined;
}

/**
 * Kubernetes mounts a ConfigMap read-only, and gives its top directory the mode 0777. Nobody can
 * write there all the same.
 */
async function isReadOnly(place: string): Promise<boolean> {
  return access(place, constants.W_OK).then(
    () => false,
    (error: unknown) => codeOfError(error) === 'EROFS',
  );
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isFIFO()) return 'named pipe';
  return stats.isSocket() ? 'socket' : 'device';
}

function codeOfError(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** Without call and path: "ELOOP: too many symbolic links encountered, stat '/x'". */
function notSeen(error: unknown): FileTrouble {
  const why = (error as Error).message.replace(/^[A-Z]+: /, '').replace(/, \w+ '.*$/, '');
  return { trouble: 'not-seen', why };
}
