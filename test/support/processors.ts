import { readFileSync } from 'node:fs';
import { type Processor, processorDirectory, processors } from '../../shared/processors.ts';
import { busyboxRoot } from './cache.ts';
import { run } from './run.ts';

/** Processors other than this machine's. */
export const foreignProcessors = processors.filter((processor) => processor !== processorDirectory(process.arch));

/** The emulators that run their programs, from Debian's package qemu-user-static. */
export const emulators: Record<Processor, string> = {
  amd64: 'qemu-x86_64-static',
  arm64: 'qemu-aarch64-static',
  armhf: 'qemu-arm-static',
};

/**
 * A command prefix under which the kernel runs programs of that processor. Empty where the kernel does so
 * already, otherwise a user namespace with its own emulator (since Linux 6.7 these have their own
 * binfmt_misc).
 */
export async function withProcessor(processor: Processor): Promise<readonly string[]> {
  const isRun = await run(`${busyboxRoot(processor)}/bin/busybox`, ['true']).catch(() => undefined);
  if (isRun?.code === 0) return ['env'];
  const name = emulators[processor].replace('-static', '');
  const rule = readFileSync(`/usr/lib/binfmt.d/${name}.conf`, 'utf8').trim();
  const register = 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && printf "%s" "$0" >/proc/sys/fs/binfmt_misc/register && exec "$@"';
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', register, rule];
}
