import { type BigIntStats, close, constants, fstat, open, read } from 'node:fs';
import { promisify } from 'node:util';
import type { LoadTrouble } from '../../shared/findings/executable.ts';

// A descriptor costs less than a FileHandle, and every cycle does this.
const [openFile, statOf, readOf] = [promisify(open), promisify(fstat), promisify(read)];

/**
 * Whether the kernel itself would run a file. This must be known before the file is started: Node
 * uses glibc's execvp, which gives whatever the kernel refuses (ENOEXEC) to /bin/sh, and sh exits
 * with code 0 for an empty file.
 */

/** The kernel looks for an interpreter in this much of a file (BINPRM_BUF_SIZE in linux/binfmts.h). */
const lineBytes = 256;

/** Read at once. This holds all headers of usual binaries. */
const headBytes = 1024;

/** The number of nested script interpreters that the kernel follows (fs/exec.c). */
const maxInterpreters = 5;

/** The beginning of a file, and its stats, both from the same descriptor. */
interface Head {
  readonly bytes: Buffer;
  readonly stats: BigIntStats;
  readonly file: number;
}

/**
 * Reads the beginnings of files. Some are opened early, beside other questions to the system,
 * before it is known whether they are needed.
 */
export class Heads {
  readonly #paths = new Set<string>();
  readonly #opened = new Map<string, Promise<number>>();
  readonly #read = new Map<string, Promise<Head>>();

  /** @param likely - files to open at once */
  constructor(likely: Iterable<string> = []) {
    for (const path of likely) this.#open(path).catch(() => {});
  }

  /** The files that were opened, in that order. */
  get paths(): string[] {
    return [...this.#paths];
  }

  /** Starts to read all open files. Anything read from now on is the content of this moment or a later one. */
  start(): void {
    for (const [path, opened] of this.#opened) {
      const read = opened.then(readHead);
      read.catch(() => {});
      this.#read.set(path, read);
    }
  }

  /** @param isStill - whether the file opened before is still the right one; otherwise it is opened again */
  async read(path: string, isStill: (stats: BigIntStats) => boolean = () => true): Promise<Head> {
    const head = await (this.#read.get(path) ?? this.#open(path).then(readHead));
    if (isStill(head.stats)) return head;
    this.#close(path);
    return readHead(await this.#open(path));
  }

  /** Closes all files. There is no need to wait for it. */
  close(): void {
    for (const path of [...this.#opened.keys()]) this.#close(path);
  }

  #open(path: string): Promise<number> {
    // Without O_NONBLOCK, opening an interpreter that is a named pipe would wait.
    const opened = openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#paths.add(path);
    this.#opened.set(path, opened);
    return opened;
  }

  #close(path: string): void {
    void Promise.allSettled([this.#opened.get(path), this.#read.get(path)]).then(([opened]) => {
      if (opened.status === 'fulfilled' && opened.value !== undefined) close(opened.value, () => {});
    });
    this.#opened.delete(path);
    this.#read.delete(path);
  }
}

async function readHead(file: number): Promise<Head> {
  const [bytes, stats] = await Promise.all([readAt(file, 0, headBytes), statOf(file, { bigint: true })]);
  return { bytes, stats, file };
}

/**
 * Why the kernel would refuse to run a file. Follows `#!` lines to the binary at their end.
 *
 * @param path - of a script or binary
 * @param heads - reads the files; closed at the end
 * @param isStill - whether a file opened at the path is the intended one
 * @returns undefined if the kernel would run it, or would fail with an error that Node reports
 */
export async function whyNotLoadable(
  path: string,
  heads: Heads = new Heads(),
  isStill?: (stats: BigIntStats) => boolean,
): Promise<LoadTrouble | undefined> {
  try {
    let file = path;
    for (let depth = 0; depth <= maxInterpreters; depth++) {
      const found = await look(file, heads, depth === 0 ? isStill : undefined);
      if (found.why !== undefined) return depth === 0 ? found.why : { ...found.why, interpreter: file };
      if (found.interpreter === undefined) return undefined;
      file = found.interpreter;
    }
    return { trouble: 'nested-too-deep' };
  } finally {
    heads.close();
  }
}

async function look(
  path: string,
  heads: Heads,
  isStill?: (stats: BigIntStats) => boolean,
): Promise<{ readonly why?: LoadTrouble | undefined; readonly interpreter?: string }> {
  try {
    const head = await heads.read(path, isStill);
    const { bytes } = head;
    if (bytes.subarray(0, 4).toString('latin1') === '\x7FELF') return { why: await whyNotLoadableElf(head) };
    if (bytes.subarray(0, 2).toString('latin1') !== '#!') return { why: { trouble: troubleOfOther(bytes) } };
    const interpreter = interpreterOf(bytes.subarray(0, lineBytes));
    return interpreter === undefined ? { why: { trouble: 'no-interpreter' } } : { interpreter };
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return { why: code === 'ENOENT' ? { trouble: 'missing' } : { trouble: 'unreadable', code } };
  }
}

/**
 * The interpreter of a `#!` line, cut as the kernel does: it ends at white space, which must come
 * within the first 256 bytes.
 */
function interpreterOf(head: Buffer): string | undefined {
  const [, path, end] = /^#![ \t]*([^ \t\n\0]+)([ \t\n\0]?)/.exec(head.toString('latin1')) ?? [];
  if (path === undefined || (end === '' && head.length === lineBytes)) return undefined;
  return Buffer.from(path, 'latin1').toString();
}

function troubleOfOther(head: Buffer): LoadTrouble['trouble'] {
  if (head.length === 0) return 'empty';
  if (head.every((byte) => byte === 0)) return 'nuls';
  return /^\s*$/.test(head.toString('latin1')) ? 'blank' : 'neither';
}

/** ELF fields at places that differ between 32 and 64 bit (elf(5)). */
const layouts = {
  1: { headerBytes: 52, tableAt: 28, entryBytesAt: 42, entryBytes: 32, fileOffsetAt: 4, fileBytesAt: 16 },
  2: { headerBytes: 64, tableAt: 32, entryBytesAt: 54, entryBytes: 56, fileOffsetAt: 8, fileBytesAt: 32 },
} as const;
const loadSegment = 1;
const executableTypes = [2, 3];

/** The kind of binary for each machine, by Node's name for it: class and machine (elf.h). */
const identities: Readonly<Partial<Record<string, { readonly class: 1 | 2; readonly machine: number }>>> = {
  x64: { class: 2, machine: 62 },
  arm64: { class: 2, machine: 183 },
  arm: { class: 1, machine: 40 },
  ia32: { class: 1, machine: 3 },
  ppc64: { class: 2, machine: 21 },
  riscv64: { class: 2, machine: 243 },
  loong64: { class: 2, machine: 258 },
};
const littleEndian = 1;

async function whyNotLoadableElf({ bytes: head, stats, file }: Head): Promise<LoadTrouble | undefined> {
  const cutShort: LoadTrouble = { trouble: 'cut-short' };
  if (head.length < 20) return cutShort;
  const mine = identities[process.arch];
  if (mine === undefined) return { trouble: 'machine-not-known', code: process.arch };
  if (head[4] !== mine.class || head[5] !== littleEndian || head.readUInt16LE(18) !== mine.machine) return { trouble: 'other-machine' };
  const layout = layouts[mine.class];
  if (head.length < layout.headerBytes) return cutShort;
  const readWord = (buffer: Buffer, at: number) => (mine.class === 2 ? Number(buffer.readBigUInt64LE(at)) : buffer.readUInt32LE(at));
  const count = head.readUInt16LE(layout.entryBytesAt + 2);
  const tableAt = readWord(head, layout.tableAt);
  const tableBytes = count * layout.entryBytes;
  if (!executableTypes.includes(head.readUInt16LE(16)) || head.readUInt16LE(layout.entryBytesAt) !== layout.entryBytes || count === 0) {
    return { trouble: 'no-program' };
  }
  const isInHead = tableAt + tableBytes <= head.length;
  const table = isInHead ? head.subarray(tableAt, tableAt + tableBytes) : await readAt(file, tableAt, tableBytes);
  if (table.length < tableBytes) return cutShort;
  for (let at = 0; at < table.length; at += layout.entryBytes) {
    const end = readWord(table, at + layout.fileOffsetAt) + readWord(table, at + layout.fileBytesAt);
    if (table.readUInt32LE(at) === loadSegment && end > stats.size) return cutShort;
  }
  return undefined;
}

/** @returns less if the file ends earlier */
async function readAt(file: number, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await readOf(file, Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
