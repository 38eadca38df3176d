import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Processor, processorDirectory, processors } from '../shared/processors.ts';

/** GCC and the C libraries use the same names for processors, except for armhf. */
const triplets: Record<Processor, string> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu', armhf: 'arm-linux-gnueabihf' };

/**
 * The shim checks whether the native client is a binary with the shell's `read`, which reads byte by byte up
 * to a newline. The fourth byte of an entry point behind this address is a newline, and it is byte 28 of the
 * file (elf(5)).
 */
const newlineAddress = '-Wl,-Ttext-segment=0x0a000000';

/** Where script/cross-compilers puts musl for other processors, by the same rule. */
const { XDG_CACHE_HOME: cacheHome = '', HOME: home = '/', CC: chosenCompiler = '' } = process.env;
const muslRoot = join(isAbsolute(cacheHome) ? cacheHome : join(home, '.cache'), 'readinessd/musl');

/** A way to compile: a compiler, and what it needs before and after the source. */
interface Way {
  readonly compiler: string;
  readonly before: readonly string[];
  readonly behind: readonly string[];
}

/**
 * Makes DIRECTORY/PROCESSOR/readiness_probe for each processor that has a compiler and a C library here, and
 * says what is missing.
 *
 * @param source - of the client
 * @param include - a directory with contract.h
 * @throws when a compiler that is there cannot compile it, or does with warnings
 */
export function buildNativeClients(directory: string, source: string, include: string): void {
  const own = processorDirectory(process.arch);
  const all = [own, ...processors.filter((processor) => processor !== own)];
  const made = all.filter((processor) => {
    const output = join(directory, processor, 'readiness_probe');
    return compile(processor === own ? ownWays() : crossWays(processor as Processor), output, [
      '-std=c11',
      '-O2',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-s',
      `-I${include}`,
      '-o',
      output,
      source,
    ]);
  });
  const missing = all.filter((processor) => !made.includes(processor));
  if (missing.length > 0) {
    console.log(
      `no native probe client for ${missing.join(', ')}: there a probe starts Node, which takes 65 ms and more (script/cross-compilers installs what is missing)`,
    );
  }
}

/** @returns whether there is a compiler */
function compile(ways: readonly Way[], output: string, words: readonly string[]): boolean {
  const possible = ways.filter(({ compiler }) => spawnSync(compiler, ['--version']).error === undefined);
  mkdirSync(join(output, '..'), { recursive: true });
  const failures: string[] = [];
  for (const { compiler, before, behind } of possible) {
    const { status, stderr } = spawnSync(compiler, [...before, ...words, ...behind], { encoding: 'utf8' });
    if (status === 0) {
      chmodSync(output, 0o755);
      if (!before.includes('-static')) console.log(`no static C library for ${compiler}: the native client is linked dynamically`);
      return true;
    }
    failures.push(`${compiler} ${before.join(' ')}: ${stderr}`);
  }
  rmSync(join(output, '..'), { recursive: true });
  if (failures.length > 0) throw new Error(`cannot compile the native client with ${failures.at(-1)}`);
  return false;
}

/** The best first: musl starts in a third of glibc's time. A static program needs no loader in the image. */
function ownWays(): Way[] {
  // CC may have words behind the compiler, as for make: "ccache gcc".
  const [chosen, ...words] = chosenCompiler.split(' ').filter(Boolean);
  const compilers = chosen === undefined ? ['musl-gcc', 'cc'] : [chosen];
  const links = [['-static', newlineAddress], ['-static']];
  const ways = compilers.flatMap((compiler) => links.map((link) => ({ compiler, before: [...words, ...link], behind: [] })));
  return [...ways, { compiler: compilers.at(-1) as string, before: words, behind: [] }];
}

/** Only static clients: another machine may not have the libraries. */
function crossWays(processor: Processor): Way[] {
  const triplet = triplets[processor];
  const compiler = `${triplet}-gcc`;
  const glibc = hasStaticLibrary(compiler) ? [{ compiler, before: ['-static', newlineAddress], behind: [] }] : [];
  const name = triplet.replace('-gnu', '-musl');
  const [include, library] = [join(muslRoot, 'usr/include', name), join(muslRoot, 'usr/lib', name)];
  if (!existsSync(library)) return glibc;
  // What musl-gcc does. Its own specs name the place of Debian's package.
  const before = ['-static', newlineAddress, '-nostdinc', '-isystem', include, '-nostdlib', '-nostartfiles'];
  const objects = (...files: string[]) => files.map((file) => join(library, file));
  const musl = {
    compiler,
    before: [...before, ...objects('crt1.o', 'crti.o')],
    behind: ['-Wl,--start-group', ...objects('libc.a'), '-lgcc', '-lgcc_eh', '-Wl,--end-group', ...objects('crtn.o')],
  };
  return [musl, ...glibc];
}

/** A cross compiler for kernels has no C library. GCC then prints the name without a path. */
function hasStaticLibrary(compiler: string): boolean {
  const { stdout } = spawnSync(compiler, ['-print-file-name=libc.a'], { encoding: 'utf8' });
  return stdout?.startsWith('/') ?? false;
}
