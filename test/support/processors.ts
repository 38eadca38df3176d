import { readFileSync } from 'node:fs';
import { type Processor, processorDirectory, processors } from '../../shared/processors.ts';
import { busyboxRoot } from './cache.ts';
import { run } from './run.ts';

/** Those that this machine does not have. */
export const foreignProcessors = processors.filter((processor) => processor !== processorDirectory(process.arch));

/** What runs their programs, from Debian's package qemu-user-static. */
export const emulators: Record<Processor, string> = {
  amd64: 'qemu-x86_64-static',
  arm64: 'qemu-aarch64-static',
  armhf: 'qemu-arm-static',
};

/**
 * A command in front of another one, where the kernel then runs programs of that processor: nothing where it does already, else a
 * user namespace with an emulator of its own (Linux 6.7 has binfmt_misc in there).
 */
export async function withProcessor(processor: Processor): Promise<readonly string[]> {
  const isRun = await run(`${busyboxRoot(processor)}/bin/busybox`, ['true']).catch(() => undefined);
  if (isRun?.code === 0) return ['env'];
  const name = emulators[processor].replace('-static', '');
  const rule = readFileSync(`/usr/lib/binfmt.d/${name}.conf`, 'utf8').trim();
  const register = 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && printf "%s" "$0" >/proc/sys/fs/binfmt_misc/register && exec "$@"';
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', register, rule];
}
