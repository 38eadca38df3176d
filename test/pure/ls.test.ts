import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Container } from '../../client/ctl/ls/containers.ts';
import { isDaemon, socketIn, variableIn } from '../../client/ctl/ls/daemon.ts';
import { dangerOf, parseMounts } from '../../client/ctl/ls/mounts.ts';
import { asHostname, containerIds, nameIn } from '../../client/ctl/ls/names.ts';
import { enter, findNamespaces } from '../../client/ctl/ls/process.ts';
import { isReady, machineLines } from '../../client/ctl/ls/show.ts';
import { plain } from '../../shared/status-text.ts';

const [one, other] = ['1a'.repeat(32), '2b'.repeat(32)];

suite('readinessctl ls', () => {
  test("knows a container by its runtime's control group, and not by one that the container made below it", () => {
    for (const [cgroup, ids] of [
      [`0::/kubepods.slice/kubepods-pod7.slice/cri-containerd-${one}.scope\n`, [one]],
      [`12:pids:/docker/${one}\n1:name=systemd:/docker/${one}\n0::/\n`, [one]],
      [`0::/machine.slice/libpod-${one}.scope/container\n`, [one]],
      [`0::/docker/${one}/made-up/cri-containerd-${other}.scope\n`, [one, other]],
      [`2:pids:/docker/${one}\n1:cpu:/docker/${other}\n`, []],
      [`0::/user.slice/${one}0\n`, []],
      ['0::/\n', []],
    ] as const) {
      assert.deepEqual(containerIds(cgroup), ids, cgroup);
    }
  });

  test('reads the name that each runtime has written', () => {
    const crio = { 'io.kubernetes.pod.namespace': 'shop', 'io.kubernetes.pod.name': 'web-0', 'io.kubernetes.container.name': 'app' };
    assert.equal(nameIn(JSON.stringify({ annotations: crio }), ['annotations']), 'shop/web-0/app');
    assert.equal(nameIn(JSON.stringify({ Name: '/k8s_app', Config: { Labels: crio } }), ['Config', 'Labels']), 'shop/web-0/app');
    assert.equal(nameIn('{"Name":"/web","Config":{"Labels":null}}', ['Config', 'Labels']), 'web');
    for (const json of ['', '{', 'null', '[]', '{"annotations":7}', '{"annotations":{"io.kubernetes.pod.name":"web-0"}}']) {
      assert.equal(nameIn(json, ['annotations']), undefined, json);
    }
  });

  test("does not show a container's own name if it could be mistaken for something else", () => {
    assert.equal(asHostname('web-0.shop'), 'web-0.shop');
    for (const text of ['', 'shop/web-0/app', 'a b', 'a\n', '\u001B[31m', 'x'.repeat(65), undefined])
      assert.equal(asHostname(text), undefined);
  });

  test('asks nothing of a file system that may hang', () => {
    const mounts = parseMounts(
      [
        '22 1 0:30 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a',
        '23 22 0:31 / /run rw - tmpfs run rw',
        '24 22 0:32 / /a\\040-\\040tmpfs rw shared:7 - fuse.sshfs h:/ rw',
        'nothing like a mount',
      ].join('\n'),
    );
    const ours = parseMounts('9 1 0:30 / /var/lib/merged rw - overlay overlay rw\n');
    const none = parseMounts('');
    assert.equal(mounts.size, 3);
    assert.equal(dangerOf(mounts.get('23'), none, false), undefined);
    assert.match(dangerOf(mounts.get('24'), none, true) ?? '', /^is on a file system \(fuse\.sshfs\) that may hang/);
    assert.match(dangerOf(mounts.get('25'), none, true) ?? '', /not in its mount table$/);
    // A layer may be on such a file system: it must belong to the runtime, or to somebody who is root here too.
    assert.match(dangerOf(mounts.get('22'), none, false) ?? '', /the container itself has mounted/);
    assert.equal(dangerOf(mounts.get('22'), none, true), undefined);
    assert.equal(dangerOf(mounts.get('22'), ours, false), undefined);
  });

  test('finds a daemon and its socket by its arguments, and reads variables as programs do', () => {
    const daemon = ['node', '--v8-pool-size=1', '/usr/lib/readinessd/entry.cjs', '--socket', '/run/x'];
    assert.ok(isDaemon(daemon));
    assert.ok(!isDaemon(['node', '/app/entry.cjs']));
    assert.equal(socketIn(daemon), '/run/x');
    assert.equal(socketIn([...daemon, '--socket=/run/y', '']), '/run/y');
    assert.equal(socketIn(['node', 'entry.cjs', '--socket-mode', '0600']), undefined);
    assert.equal(variableIn(['ABC=1', 'AB=2', 'AB=3', ''], 'AB'), '2');
    assert.equal(variableIn(['ABC=1'], 'AB'), undefined);
  });

  test('does not take a process for one of a namespace that it is not in', () => {
    const own = findNamespaces().namespaces.find(({ isOwn }) => isOwn) ?? assert.fail('no namespace of its own');
    assert.ok(own.pids.includes(process.pid));
    assert.equal(enter(process.pid, own)?.pid, process.pid);
    assert.equal(enter(process.pid, { ...own, id: 'mnt:[1]' }), undefined);
  });

  test('is ready only when there is a container, all are ready, and none may be hidden', () => {
    const container = (code: number): Container => ({ name: 'web', ids: [one], pid: 7, answer: { code, reason: 'R', message: 'm' } });
    for (const [codes, hidden, expected] of [
      [[0, 0], 0, true],
      [[0, 17], 0, false],
      [[], 0, false],
      [[0], 1, false],
    ] as const) {
      assert.equal(isReady({ containers: codes.map(container), hidden }), expected);
    }
    const lines = machineLines(
      { containers: [container(0), { ...container(17), name: '', ids: [], unchangedForMs: 2000 }], hidden: 1 },
      plain,
    );
    assert.deepEqual(lines, [
      'container  id            for    verdict',
      `web        ${one.slice(0, 12)}  ?      0 R m`,
      '?          pid 7         2.0 s  17 R m',
      '',
      '1 of 2 ready',
      '1 process cannot be looked at, so there may be more containers',
    ]);
  });
});
