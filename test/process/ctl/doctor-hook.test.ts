import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { foreignProgram, writeScript } from '../../support/scratch.ts';
import { type Case, doctorNames, inSection } from './cases.ts';

const file = (text: string, mode: number) => (path: string) => {
  writeFileSync(path, text);
  chmodSync(path, mode);
};

const cases: readonly (Omit<Case, 'about'> & { readonly about?: string })[] = [
  {
    title: 'not executable',
    hook: file('#!/bin/sh\nexit 0\n', 0o644),
    until: ({ expect }) => expect(/^120 /),
    cause: /hook is not executable/,
    cure: /chmod 0755 \S+hook/,
  },
  {
    title: 'a directory',
    hook: (path) => mkdirSync(path),
    until: ({ expect }) => expect(/^120 /),
    cause: /hook is (?:a directory|no(?:t a)? regular file)/,
    cure: /put an executable file there/,
  },
  {
    title: 'a dangling link',
    hook: (path) => symlinkSync('/nowhere', path),
    until: ({ expect }) => expect(/^120 /),
    cause: /hook is a dangling symbolic link/,
    cure: /have the link lead to an executable file/,
  },
  {
    title: 'group-writable',
    hook: (path) => {
      file('#!/bin/sh\nexit 0\n', 0o775)(path);
      chownSync(path, 0, 12345);
    },
    until: ({ expect }) => expect(/^121 /),
    cause: /hook was not run, since it would run as root and .*can be written by .*12345/,
    cure: /chmod go-w \S+hook/,
  },
  {
    title: "another user's",
    hook: (path) => {
      file('#!/bin/sh\nexit 0\n', 0o755)(path);
      chownSync(path, 12345, 0);
    },
    until: ({ expect }) => expect(/^121 /),
    cause: /hook was not run, since it would run as root and .*belongs to user 12345/,
    cure: /chown -h root:root \S+hook/,
  },
  {
    title: 'of another architecture',
    hook: foreignProgram,
    until: ({ expect }) => expect(/^123 /),
    cause: /hook cannot be started: .*/,
    cure: /copy it into the image again, whole, and built for this machine/,
  },
  {
    title: 'at a path that only the daemon was told',
    entry: inSection('environment=READINESSD_HOOK="/etc/passwd"'),
    until: ({ expect }) => expect(/^120 /),
    cause: /\/etc\/passwd is not executable/,
    cure: /chmod 0755 \/etc\/passwd/,
  },
  {
    title: 'world-writable',
    hook: file('#!/bin/sh\nexit 0\n', 0o777),
    until: ({ expect }) => expect(/^121 /),
    cause: /hook was not run, since it would run as root and .*can be written/,
    cure: /chmod go-w \S+hook/,
  },
  {
    title: 'interpreter missing',
    hook: file('#!/nowhere/python3\n', 0o755),
    until: ({ expect }) => expect(/^123 /),
    cause: /hook cannot be started: .*\/nowhere\/python3.*/,
    cure: /install \/nowhere\/python3/,
  },
  {
    title: 'interpreter missing for env',
    hook: file('#!/usr/bin/env python9\n', 0o755),
    until: ({ expect }) => expect(/^127 /),
    cause: /asks env for python9, which is not in PATH=\S+: it exits with code 127/,
    cure: /install python9/,
  },
  {
    title: 'CRLF in its #! line',
    hook: file('#!/bin/sh\r\nexit 0\r\n', 0o755),
    until: ({ expect }) => expect(/^123 /),
    cause: /hook cannot be started: .*CR/,
    cure: /sed -i 's\/\\r\$\/\/' \S+hook/,
  },
  {
    title: 'CRLF below its #! line',
    hook: file('#!/bin/sh\nexit 0\r\n', 0o755),
    until: ({ expect }) => expect(/^(?!104)/),
    level: 'WARNING',
    cause: /lines of \S+hook end in CR LF/,
    cure: /sed -i/,
  },
  {
    title: 'empty',
    hook: file('', 0o755),
    until: ({ expect }) => expect(/^123 /),
    cause: /hook cannot be started: it is empty/,
    cure: /copy it into the image again, whole: it must begin with a line #!\/bin\/sh/,
  },
  {
    title: 'no #! line',
    hook: file('exit 0\n', 0o755),
    until: ({ expect }) => expect(/^123 /),
    cause: /hook cannot be started: .*/,
    cure: /begin it with a line #!\/bin\/sh/,
  },
  {
    title: 'it hangs',
    hook: (path) => writeScript(path, 'exec sleep 600'),
    settings: { READINESSD_HOOK_TIMEOUT: '1s' },
    until: ({ expect }) => expect(/^122 /),
    cause: /hook ran longer than its timeout of 1s and was killed/,
    cure: /give each of its commands a limit/,
  },
  {
    title: 'slow against its timeout',
    hook: (path) => writeScript(path, 'exec sleep 6'),
    settings: { READINESSD_HOOK_TIMEOUT: '11s' },
    until: ({ expect }) => expect(/^0 /),
    level: 'WARNING',
    cause: /the hook took \d.* of its 11s: on a busier node it will be killed/,
    cure: /make it quicker, or set READINESSD_HOOK_TIMEOUT higher/,
  },
  {
    title: 'it fails, with its last line',
    hook: (path) => writeScript(path, 'echo connecting; echo "bgp: 3 of 4"; exit 17'),
    until: ({ expect }) => expect(/^17 /),
    cause: /hook exited with code 17/,
    cure: /run it by hand/,
  },
  {
    title: "it fails, by an interpreter that is in the daemon's PATH alone",
    hook: (path) => {
      writeScript(path, '#!/usr/bin/env own-shell\nexit 17\n');
      mkdirSync(`${path}.bin`);
      symlinkSync('/bin/sh', `${path}.bin/own-shell`);
    },
    entry: inSection('environment=PATH="%(ENV_READINESSD_HOOK)s.bin:%(ENV_PATH)s"'),
    until: ({ expect }) => expect(/^17 /),
    cause: /hook exited with code 17/,
    cure: /run it by hand/,
  },
  {
    title: 'it was killed',
    hook: (path) => writeScript(path, 'kill -9 $$'),
    until: ({ expect }) => expect(/^124 /),
    cause: /hook was killed by SIGKILL/,
    cure: /memory/,
  },
  {
    title: "it exits with one of readinessd's codes",
    hook: (path) => writeScript(path, 'exit 112'),
    until: ({ expect }) => expect(/^125 /),
    cause: /hook exited with code 112, which is readinessd's own/,
    cure: /run it by hand/,
  },
  {
    title: 'it crashes',
    hook: (path) => writeScript(path, '#!/usr/bin/env python3\nimport nothing_like_it\n'),
    until: ({ expect }) => expect(/^1 /),
    cause: /hook exited with code 1/,
    cure: /read what it printed/,
  },
];

doctorNames(
  'the hook',
  cases.map((one) => ({ about: 'hook', ...one })),
);
