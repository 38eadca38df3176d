import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runsStartScript } from '../../daemon/steps/start/command.ts';

suite('a command runs start.sh:', () => {
  for (const command of [
    'start.sh',
    '/usr/bin/start.sh',
    '/usr/bin/start.sh -x --verbose',
    'bash /usr/bin/start.sh -x',
    '/bin/bash -e -x ./start.sh',
    'bash -o pipefail /usr/bin/start.sh',
    'sh -- /usr/bin/start.sh',
    '"/opt/my dir/start.sh" "an argument"',
    "'/opt/my dir'/start.sh",
    '/opt/my\\ dir/start.sh',
    'sh -c "/usr/bin/start.sh -x"',
    'bash -lc "/usr/bin/start.sh"',
    'bash -o pipefail -ec "/usr/bin/start.sh | tee /var/log/start"',
    'sh -c "sleep 1; exec /usr/bin/start.sh"',
    'sh -c "test -e /x && /usr/bin/start.sh || exit 1"',
    'sh -c "if /usr/bin/start.sh; then exit 0; fi"',
    'sh -c ". /usr/bin/start.sh"',
    "sh -c 'FOO=1 bash /usr/bin/start.sh'",
    'env FOO=1 /usr/bin/start.sh',
    '/usr/bin/env -i FOO=1 bash /usr/bin/start.sh',
    'nice -n 5 /usr/bin/start.sh',
    'timeout 60 /usr/bin/start.sh',
    'timeout -k 5 60s bash /usr/bin/start.sh',
    'sudo -u admin /usr/bin/start.sh',
    'gosu admin /usr/bin/start.sh',
    'busybox sh /usr/bin/start.sh',
    'setsid -w /usr/bin/start.sh',
    'tini -- /usr/bin/start.sh',
    'python3 -u /usr/bin/start.sh',
    'chroot /root /usr/bin/start.sh',
    'sh -c "/x/start.sh>/log 2>&1"',
    'sh -c "/x/start.sh</dev/null"',
    'sh -c ">/log /x/start.sh"',
    "bash -c 'exec </dev/null /x/start.sh'",
    'su - root -c "/x/start.sh -v"',
    'flock /tmp/l -c /x/start.sh',
    'script -qc /x/start.sh /dev/null',
    'bash - /x/start.sh',
    'python3.11 /x/start.sh',
    '/lib64/ld-linux-x86-64.so.2 /x/start.sh',
    'strace -f /x/start.sh',
    'ip netns exec a /x/start.sh',
  ]) {
    test(command, () => assert.ok(runsStartScript(command)));
  }
});

suite('a command does not run start.sh:', () => {
  for (const command of [
    '',
    'true',
    'tail -f /var/log/start.sh.log',
    'tail -f /usr/bin/start.sh',
    'echo start.sh',
    'cat /usr/bin/start.sh',
    '/usr/bin/restart.sh',
    '/usr/bin/start.sh.bak',
    '/usr/bin/start.sh/run',
    '/usr/bin/start',
    'bash /usr/bin/supervise.sh /usr/bin/start.sh',
    'bash -x /usr/bin/other.sh start.sh',
    'python3 /usr/bin/watch.py start.sh',
    'python3 -m start.sh',
    'sh -c "echo start.sh"',
    'sh -c "tail -f /var/log/start.sh.log; true"',
    'sh -c "exit 0" start.sh',
    'timeout 60 echo start.sh',
    'sh -c "echo x >/x/start.sh"',
    'su root -c "echo start.sh"',
    'inotifywait -m /usr/bin/start.sh',
    'sh -c "echo \'unclosed"',
  ]) {
    test(command || 'nothing', () => assert.ok(!runsStartScript(command)));
  }
});
