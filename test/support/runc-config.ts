import type { ContainerOptions } from './container.ts';

/** What containerd gives a container that asks for nothing. */
const capabilities =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);

/** A container's configuration in the form of OCI's runtime specification, as containerd makes it for a pod. */
export function runcConfig(options: ContainerOptions & { readonly root: string; readonly command: readonly string[] }) {
  const { root, command, user = 0, env = {}, isReadOnly = false, memoryLimit, sharesPids = false, runtimeId } = options;
  const namespaces = ['pid', 'network', 'ipc', 'uts', 'mount'].filter((type) => type !== 'pid' || !sharesPids);
  const variables = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    // test/support/left-behind recognises its processes by this.
    TEST_ROOT: root,
    ...env,
  };
  const held = user === 0 ? capabilities : [];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: user, gid: user },
      args: command,
      env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      cwd: '/',
      capabilities: { bounding: capabilities, effective: held, permitted: held },
      noNewPrivileges: user !== 0,
    },
    root: { path: root, readonly: isReadOnly },
    hostname: 'pod',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/run', type: 'tmpfs', source: 'run', options: ['nosuid', 'nodev', `mode=755`, `uid=${user}`, `gid=${user}`] },
    ],
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      ...(runtimeId === undefined ? {} : { cgroupsPath: `/${runtimeId}` }),
      resources: { devices: [{ allow: false, access: 'rwm' }], ...(memoryLimit === undefined ? {} : { memory: { limit: memoryLimit } }) },
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
