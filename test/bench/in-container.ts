import { TestContainer } from '../support/container.ts';
import { compare, type Figure } from './figures.ts';
import { timeAll } from './hyperfine.ts';
import type { Bench } from './setup.ts';

/** Compares a probe as the kubelet's runtime starts it with an exec of an empty program. */
export async function measureInContainer(bench: Bench): Promise<Figure[]> {
  const container = await TestContainer.start(bench, {});
  await container.becomes(/^0 /);
  const exec = (command: string) => container.runcCommand('exec', container.id, command).join(' ');
  const times = await timeAll(bench, {
    'runc exec /bin/true': exec('/bin/true'),
    'runc exec readiness_probe.sh': exec('/usr/bin/readiness_probe.sh'),
  });
  const figure = (name: keyof typeof times, value: number, what: string): Figure => ({
    group: `in a container, ${what}`,
    name,
    value,
    unit: 'ms',
  });
  return (['wallMs', 'cpuMs'] as const).flatMap((what) => {
    const of = (name: keyof typeof times) => figure(name, times[name][what], what === 'wallMs' ? 'wall' : 'CPU of runc');
    return [of('runc exec /bin/true'), compare(of('runc exec readiness_probe.sh'), of('runc exec /bin/true'))];
  });
}
