import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { treeCopy } from '../../support/clients.ts';
import { alone, patient, TestDaemon } from '../../support/daemon.ts';
import { run } from '../../support/run.ts';
import { foreignProgram, nativeClient } from '../../support/scratch.ts';
import { assertTold } from './cases.ts';

/**
 * In a mount namespace where no supervisord sees these files. Otherwise doctor would take the only
 * supervisord for the container's own, even that of another test.
 */
const elsewhere = ['--mount', '--'];

/** A tree that is broken in one way, and what doctor in it must say. */
const cases: readonly {
  readonly title: string;
  readonly breakIt: (tree: { readonly root: string; readonly lib: string }) => void;
  readonly level: 'WARNING' | 'PROBLEM';
  readonly cause: RegExp;
  readonly cure: RegExp;
}[] = [
  {
    title: 'the native client is missing',
    breakIt: ({ lib }) => rmSync(join(lib, nativeClient)),
    level: 'WARNING',
    cause: /there is no native client \S+readiness_probe: each probe starts Node instead/,
    cure: /run script\/cross-compilers and npm run build/,
  },
  {
    title: 'the native client is not executable',
    breakIt: ({ lib }) => chmodSync(join(lib, nativeClient), 0o644),
    level: 'WARNING',
    cause: /readiness_probe is not executable: each probe starts Node instead/,
    cure: /chmod 0755 \S+readiness_probe/,
  },
  {
    title: 'the native client is of another architecture',
    breakIt: ({ lib }) => foreignProgram(join(lib, nativeClient)),
    level: 'WARNING',
    cause: /the native client \S+readiness_probe does not run here \(\w+\): .*; each probe starts Node instead/,
    cure: /run script\/cross-compilers and npm run build/,
  },
  {
    title: 'the client to fall back to is cut short',
    breakIt: ({ lib }) => writeFileSync(join(lib, 'readiness_probe.cjs'), '#!./node\n'),
    level: 'WARNING',
    cause: /readiness_probe.cjs is cut short or not executable: there is no client to fall back to/,
    cure: /copy the whole of dist\/rootfs\//,
  },
  {
    title: 'no client can be run',
    breakIt: ({ lib }) => {
      rmSync(join(lib, nativeClient));
      chmodSync(join(lib, 'readiness_probe.cjs'), 0o644);
    },
    level: 'PROBLEM',
    cause: /readiness_probe.sh finds no client that it can run \(107\)/,
    cure: /copy the whole of dist\/rootfs\//,
  },
  {
    title: 'the probe is slow',
    breakIt: ({ root }) => writeFileSync(join(root, 'usr/bin/readiness_probe.sh'), '#!/bin/sh\nsleep 1\n'),
    level: 'WARNING',
    cause: /a probe takes \S+ s here, \S+ s at most; the kubelet allows 1.0 s/,
    cure: /timeoutSeconds: 3 in the readinessProbe/,
  },
  {
    title: 'a part of the clients is missing',
    breakIt: ({ lib }) => rmSync(join(lib, 'fallback.sh')),
    level: 'PROBLEM',
    cause: /usr\/lib\/readinessd lacks fallback.sh/,
    cure: /copy the whole of dist\/rootfs\//,
  },
  {
    title: 'the probe is missing',
    breakIt: ({ root }) => rmSync(join(root, 'usr/bin/readiness_probe.sh')),
    level: 'PROBLEM',
    cause: /there is no \S+readiness_probe.sh: the kubelet cannot start it/,
    cure: /copy the whole of dist\/rootfs\//,
  },
  {
    title: 'the probe is not executable',
    breakIt: ({ root }) => chmodSync(join(root, 'usr/bin/readiness_probe.sh'), 0o644),
    level: 'PROBLEM',
    cause: /readiness_probe.sh is not executable: the kubelet cannot start it/,
    cure: /chmod 0755 \S+readiness_probe.sh/,
  },
];

suite('readinessctl doctor names cause and fix: the clients', { concurrency: 4 }, () => {
  for (const { title, breakIt, level, cause, cure } of cases) {
    test(title, async (t) => {
      const copy = treeCopy(t);
      const daemon = new TestDaemon(t, alone);
      await daemon.expect(/^0 /);
      breakIt(copy);
      const env = {
        PATH: process.env['PATH'],
        ...alone,
        READINESSD_SOCKET: daemon.socket,
        READINESSD_HOOK: daemon.hook,
        ...patient,
      };
      const { code, stdout } = await run('unshare', [...elsewhere, join(copy.root, 'usr/bin/readinessctl'), 'doctor'], { env });
      assertTold(stdout, { level, about: 'probe', cause, cure });
      assert.equal(code, level === 'PROBLEM' ? 1 : 0, stdout);
    });
  }

  test('a setting that the probe refuses', async (t) => {
    const daemon = new TestDaemon(t, alone);
    await daemon.expect(/^0 /);
    const { root } = treeCopy(t);
    const env = { PATH: process.env['PATH'], ...alone, READINESSD_SOCKET: daemon.socket, READINESSD_PROBE_TIMEOUT_MS: 'soon' };
    const { code, stdout } = await run('unshare', [...elsewhere, join(root, 'usr/bin/readinessctl'), 'doctor'], { env });
    const [cause, cure] = [/\S+ is called with a setting that it cannot use \(106\)/, /run \S+: it says which/];
    assertTold(stdout, { level: 'PROBLEM', about: 'probe', cause, cure });
    assert.equal(code, 1);
  });
});
