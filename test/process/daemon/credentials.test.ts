import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { parseSupervisorUrl } from '../../../daemon/supervisor/address.ts';
import type { Lookup } from '../../../daemon/supervisor/credentials.ts';
import { createPost } from '../../../daemon/supervisor/http-post.ts';
import { freePort } from '../../support/port.ts';
import { type Context, cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { type Plan, type SetUp, setUp } from '../../support/set-up.ts';
import { inSection } from '../ctl/cases.ts';

const credentials = ['joe', 'sec:ret'] as const;
const hash = `{SHA}${createHash('sha1').update(credentials[1]).digest('hex')}`;
const inServer = 'username=joe\npassword=sec:ret\n';

/** The configuration asks for this user and password, except for what is edited. */
const asking = (edit: (text: string) => string): Plan => ({ supervisord: { credentials, edit } });
const replaceLast = (text: string, old: string, by: string) =>
  text.slice(0, text.lastIndexOf(old)) + by + text.slice(text.lastIndexOf(old) + old.length);
/** [supervisorctl] is the section after the server's. */
const ctlWithout = (text: string) => replaceLast(text, inServer, '');
const ctlWith = (text: string, user: string, password: string) => replaceLast(text, inServer, `username=${user}\npassword=${password}\n`);
const serverWith = (text: string, password: string) => text.replace(inServer, `username=joe\npassword=${password}\n`);

/** The directory where that supervisord has its files. */
const directoryOf = (text: string) => dirname(/^file=(.*)$/m.exec(text)?.[1] ?? '');

/** Asserts that nothing visible contains the password. */
async function showsNoSecret(it: SetUp, ...secrets: readonly string[]): Promise<void> {
  const { stdout, stderr } = await it.doctor({}, [], ['--all']);
  const shown = JSON.stringify(await it.status()) + (await it.body()) + it.log() + stdout + stderr;
  for (const secret of ['sec:ret', hash, Buffer.from(credentials.join(':')).toString('base64'), ...secrets]) {
    assert.equal(shown.includes(secret), false, shown);
  }
}

suite("supervisord's user and password, when none are set", { concurrency: 4 }, () => {
  const found: readonly (readonly [title: string, plan: Plan, where: string])[] = [
    ['[supervisorctl], beside a hash', asking((text) => serverWith(text, hash)), '\\[supervisorctl\\]'],
    ["the server's own section", asking(ctlWithout), '\\[unix_http_server\\]'],
    [
      'the environment of supervisord',
      { ...asking((text) => ctlWithout(serverWith(text, '%(ENV_SOME_PASSWORD)s'))), settings: { SOME_PASSWORD: 'sec:ret' } },
      '\\[unix_http_server\\]',
    ],
  ];
  for (const [title, plan, where] of found) {
    test(`are taken from ${title}`, async (t) => {
      const it = await setUp(t, plan);
      await it.expect(/^0 /);
      const { stdout } = await it.doctor({}, [], ['--all']);
      assert.match(
        stdout,
        new RegExp(`^OK +supervisord: it asks for a password: user and password are those of ${where} in \\S+\\.conf$`, 'm'),
      );
      await showsNoSecret(it);
    });
  }

  test('are taken from an included file whose name and password are in the environment', async (t) => {
    const it = await setUp(t, {
      settings: { SOME_NAME: 'inner', SOME_PASSWORD: 'sec:ret' },
      supervisord: {
        credentials,
        edit: (text) => {
          const directory = directoryOf(text);
          mkdirSync(join(directory, 'conf.d/inner'), { recursive: true });
          writeFileSync(join(directory, 'conf.d/inner/a.conf'), '[unix_http_server]\nusername=joe\npassword=%(ENV_SOME_PASSWORD)s ; it\n');
          return `${ctlWithout(text).replace(inServer, '')}\n[include]\nfiles=conf.*/%(ENV_SOME_NAME)s/*.conf\n`;
        },
      },
    });
    await it.expect(/^0 /);
    assert.match((await it.doctor({}, [], ['--all'])).stdout, /those of \[unix_http_server\] in \S+conf\.d\/inner\/a\.conf/);
    await showsNoSecret(it);
  });

  test('are also used over TCP', async (t) => {
    const it = await setUp(t, { supervisord: { credentials, port: await freePort() } });
    await it.expect(/^0 /);
    await showsNoSecret(it);
  });

  test('do not get to the hook', async (t) => {
    const it = await setUp(t, {
      hook: (path) => writeScript(path, `env > "$(dirname "$0")/seen"`),
      supervisord: { credentials },
    });
    await it.expect(/^0 /);
    assert.doesNotMatch(readFileSync(join(it.directory, 'seen'), 'utf8'), /sec:ret|joe/);
  });

  const lacking: readonly (readonly [title: string, plan: Plan, says: RegExp])[] = [
    [
      'a hash needs the settings',
      asking((text) => ctlWithout(serverWith(text, hash))),
      /^111 .*HTTP 401.*READINESSD_SUPERVISOR_USER, READINESSD_SUPERVISOR_PASSWORD.*supervisord\.conf has only a hash of the password/,
    ],
    [
      'wrong ones are refused',
      asking((text) => ctlWith(serverWith(text, hash), 'joe', 'mistake')),
      /^111 .*HTTP 401.*those of \[supervisorctl\] in \S+supervisord\.conf are refused/,
    ],
    [
      'what cannot be expanded is none',
      asking((text) => ctlWith(serverWith(text, hash), 'joe', '%(ENV_NOWHERE)s')),
      /^111 .*HTTP 401.*only a hash/,
    ],
  ];
  for (const [title, plan, says] of lacking) {
    test(`lead to 111 with its reason: ${title}`, async (t) => {
      const it = await setUp(t, plan);
      const said = await it.expect(says);
      await it.moreCycles(2);
      assert.equal((await it.body()).split('\n')[0], said.split('\n')[0]);
      await showsNoSecret(it, 'mistake');
    });
  }

  test('lead to 111 when the daemon may not read the file', async (t) => {
    const it = await setUp(t, {
      entry: inSection('user=nobody'),
      hook: (path) => chmodSync(dirname(path), 0o777),
      supervisord: {
        credentials,
        edit: (text) => {
          const directory = directoryOf(text);
          chmodSync(directory, 0o755);
          writeFileSync(join(directory, 'supervisord.conf'), '', { mode: 0o600 });
          return text.replace('[unix_http_server]', '[unix_http_server]\nchmod=0777');
        },
      },
    });
    await it.expect(/^111 .*HTTP 401.*supervisord\.conf cannot be read/);
  });

  test('are found again when they have changed with a restart of supervisord', async (t) => {
    let password = 'old-one';
    const it = await setUp(t, { supervisord: { credentials, edit: (text) => text.replaceAll('sec:ret', password) } });
    await it.expect(/^0 /);
    password = 'new-one';
    writeFileSync(
      join(it.supervisord.directory, 'supervisord.conf'),
      it.supervisord.configuration().replaceAll('password=old-one', `password=${password}`),
    );
    const { pid } = await it.status();
    it.supervisord.child.kill('SIGHUP');
    await until('another daemon answers', async () => (await it.status().catch(() => ({ pid }))).pid !== pid);
    await it.expect(/^0 /);
    await showsNoSecret(it, 'old-one', 'new-one');
  });
});

/** A server that asks for a password, which may change, and the credentials that came. */
async function guarded(t: Context) {
  const it = { password: 'first', asked: [] as string[], url: `unix://${join(scratchDirectory(t), 's.sock')}` };
  const server = createServer((request, response) => {
    const sent = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
    it.asked.push(sent);
    response.writeHead(sent === `joe:${it.password}` ? 200 : 401).end('yes');
  });
  await new Promise<void>((resolve) => server.listen(it.url.slice('unix://'.length), resolve));
  cleanUp(t, () => server.close());
  return it;
}

suite('a call that is answered with HTTP 401', () => {
  const found = (password: string): Lookup => ({ kind: 'found', user: 'joe', password, source: 'a file' });

  test('is repeated once with the credentials found, and the next call uses them from the beginning', async (t) => {
    const server = await guarded(t);
    let looked = 0;
    let lookup: Lookup = { kind: 'none', file: 'a file' };
    const post = createPost(parseSupervisorUrl(server.url), 30_000, async () => {
      looked++;
      return lookup;
    });
    const call = () => post('', (reply) => reply.toString(), new AbortController().signal);

    await assert.rejects(call, /HTTP 401.*a file has no password/);
    lookup = found('first');
    assert.equal(await call(), 'yes');
    assert.equal(await call(), 'yes');
    assert.equal(looked, 2);
    assert.deepEqual(server.asked, ['', '', 'joe:first', 'joe:first']);

    server.password = 'second';
    await assert.rejects(call, /HTTP 401.*those of a file are refused/);
    lookup = found('wrong');
    await assert.rejects(call, /HTTP 401.*those of a file are refused/);
    lookup = found('second');
    assert.equal(await call(), 'yes');
    assert.equal(looked, 5);
    assert.deepEqual(server.asked.slice(4), ['joe:first', 'joe:first', 'joe:wrong', 'joe:wrong', 'joe:second']);
  });

  test('looks nothing up when user and password were configured', async (t) => {
    const server = await guarded(t);
    const address = { ...parseSupervisorUrl(server.url), user: 'joe', password: 'wrong' };
    const post = createPost(address, 30_000, async () => assert.fail('it was looked up'));
    await assert.rejects(
      post('', (text) => text, new AbortController().signal),
      /HTTP 401: user or password is missing or wrong \(READINESSD_SUPERVISOR_USER, READINESSD_SUPERVISOR_PASSWORD\)$/,
    );
  });

  test('is not repeated once it was cancelled', async (t) => {
    const server = await guarded(t);
    const stop = new AbortController();
    const post = createPost(parseSupervisorUrl(server.url), 30_000, () => {
      stop.abort(new Error('given up'));
      return Promise.resolve(found('first'));
    });
    await assert.rejects(
      post('', (text) => text, stop.signal),
      /given up/,
    );
    assert.deepEqual(server.asked, ['']);
  });
});
