import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parseSupervisorUrl } from '../../daemon/supervisor/address.ts';
import { readConfiguration } from '../../daemon/supervisor/configuration.ts';
import { credentialsFor } from '../../daemon/supervisor/credentials.ts';
import { type Context, scratchDirectory } from '../support/scratch.ts';

const ctl = (user: string, password: string, url = 'unix:///s.sock') =>
  `[supervisorctl]\nserverurl=${url}\nusername=${user}\npassword=${password}\n`;
const unix = (user: string, password: string, path = '/s.sock', name = '') =>
  `[unix_http_server${name}]\nfile=${path}\nusername=${user}\npassword=${password}\n`;
const inet = (user: string, password: string, port: string) => `[inet_http_server]\nport=${port}\nusername=${user}\npassword=${password}\n`;

/** The credentials found, as "user:password", or else the kind of the result. */
function found(t: Context, text: string, url = 'unix:///s.sock'): string {
  const file = join(scratchDirectory(t), 's.conf');
  writeFileSync(file, text);
  const read = readConfiguration(file, { PASS: 'from-env' });
  assert.ok(read.sections !== undefined);
  const lookup = credentialsFor(parseSupervisorUrl(url), read);
  if (lookup.kind === 'found') return `${lookup.user}:${lookup.password}`;
  return lookup.kind;
}

suite("user and password in supervisord's configuration", () => {
  test("come from [supervisorctl] before the server's section", (t) => {
    assert.equal(found(t, unix('server', 's') + ctl('ctl', 'c')), 'ctl:c');
    assert.equal(found(t, unix('server', '{SHA}0') + ctl('ctl', 'c')), 'ctl:c');
    assert.equal(found(t, `${unix('server', 's')}[supervisorctl]\nserverurl=unix:///s.sock\n`), 'server:s');
    assert.equal(found(t, unix('server', 's')), 'server:s');
  });

  test('come from the section of the server at this address', (t) => {
    const both = unix('u', 'u') + unix('v', 'v', '/v.sock', ':v') + inet('i', 'i', '*:9001');
    assert.equal(found(t, both), 'u:u');
    assert.equal(found(t, both, 'unix:///v.sock'), 'v:v');
    assert.equal(found(t, both, 'unix:///link/to/s.sock'), 'u:u');
    assert.equal(found(t, both, 'http://127.0.0.1:9001'), 'i:i');
    assert.equal(found(t, both + ctl('c', 'c'), 'http://localhost:9001'), 'i:i');
    assert.equal(found(t, unix('u', 'u') + ctl('c', 'c', 'http://localhost:9001')), 'u:u');
  });

  test('go to no server that the configuration does not name', (t) => {
    const text = inet('i', 'i', '10.0.0.1:9001') + ctl('c', 'c', 'http://box:9002');
    for (const url of ['http://127.0.0.1:9003', 'http://other:9001', 'http://other:9002', 'http://10.0.0.2:9001', 'http://box']) {
      assert.equal(found(t, text, url), 'none', url);
    }
    assert.equal(found(t, text, 'http://10.0.0.1:9001'), 'c:c');
    assert.equal(found(t, text, 'http://box:9002'), 'c:c');
  });

  test('are a hash only when there is nothing in plain text', (t) => {
    assert.equal(found(t, unix('server', '{SHA}0')), 'hash');
    assert.equal(found(t, unix('server', 's') + ctl('ctl', '{SHA}0')), 'server:s');
  });

  test('are none when one is missing, empty or uncertain', (t) => {
    for (const options of ['', 'username=a\n', 'password=b\n', 'username=\npassword=b\n', 'username=a\npassword=%(ENV_NOT)s\n']) {
      assert.equal(found(t, `[unix_http_server]\nfile=/s.sock\n[supervisorctl]\n${options}`), 'none', options);
    }
    assert.equal(found(t, ctl('a', '%(ENV_PASS)s%%')), 'a:from-env%');
    assert.equal(found(t, `${unix('server', 's')}[supervisorctl]\nusername=a\n`), 'server:s');
  });
});
