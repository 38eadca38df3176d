import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { readSettings } from '../../daemon/settings/settings.ts';
import type { Check } from '../../daemon/steps/checks/check.ts';
import { createChecks } from '../../daemon/steps/checks/checks.ts';
import type { CheckContext } from '../../daemon/steps/checks/kind.ts';
import { kinds } from '../../daemon/steps/checks/kinds.ts';
import { listing } from '../../daemon/steps/checks/listing.ts';
import { readChecks } from '../../daemon/steps/checks/read.ts';
import { Random } from '../support/fuzz/random.ts';
import { historySeed, isLong } from '../support/long.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: so variables are written
const good = [
  'checks:\n  services:\n    programs: [postfix, dovecot, "gitlab:*", -x]\n  f: { when: "${F:-0}", programs: [fetchmail], state: exited }\n',
  'checks:\n  api:\n    http: { url: "http://127.0.0.1:${PORT:-8080}/healthz?x=1", headers: { Host: app, X-Key: "a b" } }\n    timeout: 2s\n    exit-code: 42\n',
  'checks:\n  smtp: { tcp: { host: 127.0.0.1, port: 25 }, period: 1m }\n  redis:\n    tcp: { unix-socket: /run/redis.sock }\n    when: yes\n',
  'checks:\n  bgp:\n    exec:\n      command: >-\n        /usr/local/bin/check-bgp --all\n        "a b" \'c\'\n    timeout: 5s\n',
  '{"checks": {"a": &a {"tcp": {"port": &p 25}}, "b": {"tcp": {"port": *p}}, "c": *a}}\n',
  '%YAML 1.1\n---\n# comment\nchecks:\n  ? a\n  : tcp:\n      port: !!str 25\n...\n',
];

const fragments = [
  ...[
    '${',
    '}',
    '${A}',
    '${A:-',
    '$$',
    '&a ',
    '*a',
    '!!str ',
    '!x ',
    '<<: ',
    '? ',
    '- ',
    ': ',
    ', ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '|\n',
    '>\n',
  ],
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '#',
    '\t',
    '\u2028',
    '\u202e',
    '~',
    'null',
    '0x1f',
    '1e3',
    '.inf',
    '__proto__',
    'constructor',
    'start',
  ],
  ...[
    'checks:',
    'tcp:',
    'http:',
    'exec:',
    'programs:',
    'timeout:',
    'when:',
    'https://x',
    'http://a:b@c/',
    'unix-socket: ',
    '60m',
    '1h',
    '\\',
    '\\0',
  ],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: so variables are written

const cases = isLong ? 100_000 : 3000;

suite('random files of checks', () => {
  test(`are read, or refused in one line that names a place: seed ${historySeed}`, { timeout: isLong ? 3_600_000 : 600_000 }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'rd-checks-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'a.yaml');
    let taken = 0;
    for (let index = 0; index < cases; index++) {
      const random = new Random(historySeed, index);
      const text = random.mutate(random.oneIn(4) ? random.pick(good) + random.pick(good) : random.pick(good), fragments);
      writeFileSync(file, Buffer.from(text, random.oneIn(4) ? 'latin1' : 'utf8'));
      const name = `seed ${historySeed}, index ${index}: ${JSON.stringify(text)}`;
      try {
        const options = { kinds, reserved: ['start', 'hook'], environment: { A: 'x', PORT: '80' }, checkSafety: false };
        const found = await readChecks([file], options);
        if ('problem' in found) {
          assert.ok(found.problem.startsWith(`${file}:`));
          assert.match(found.problem.slice(file.length), /^:[1-9]\d*:[1-9]\d*: [^\p{Cc}\u2028\u2029\u202A-\u202E]+$/u);
        } else {
          taken++;
          canBeUsed(found.checks);
        }
      } catch (error) {
        assert.fail(`${name}: ${(error as Error).stack}`);
      }
    }
    assert.ok(taken > cases / 20, `${taken} of ${cases} were taken`);
  });
});

/** Each accepted check has a line to show and makes a step. */
function canBeUsed(checks: readonly Check[]): void {
  const request = readSettings([], {});
  assert.ok('settings' in request);
  const lines = listing(request.settings, checks).split('\n');
  assert.equal(lines.length, checks.length + 3);
  for (const line of lines) assert.match(line, /^[^\p{Cc}\u2028\u2029]*$/u);
  const supervision = { snapshot: () => Promise.reject(), isLeftOut: () => false } as unknown as CheckContext['supervision'];
  const { steps } = createChecks(
    checks,
    { supervision, runner: (job) => job(''), environment: {}, checkSafety: false },
    () => 0,
    () => '',
  );
  assert.deepEqual(
    steps.map(({ name }) => name),
    checks.map(({ name }) => name),
  );
  for (const { boundMs, worstMs = boundMs } of steps) assert.ok(boundMs >= 0 && worstMs >= boundMs);
}
