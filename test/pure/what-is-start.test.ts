import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { whatIsStart } from '../../daemon/steps/start/what-is-start.ts';
import { parseProgramNames } from '../../daemon/supervisor/names.ts';
import { historySeed, isLong } from '../support/long.ts';

const byCommand = (command: string) => whatIsStart({ name: 'init', group: 'init', command }, undefined);
const byName = (name: string, group = name) => whatIsStart({ name, group, command: 'sleep 60' }, undefined);
const bySetting = (setting: string, name: string, group = name) =>
  whatIsStart({ name, group, command: '/x/start.sh' }, parseProgramNames(setting));

suite('a command mentions start.sh:', () => {
  for (const command of [
    'start.sh',
    '/usr/bin/start.sh -x --verbose',
    '/bin/bash -e -x ./start.sh',
    'bash -eo pipefail /x/start.sh',
    'bash -euxo pipefail -c /x/start.sh',
    `sh -c 'exec "$@"' sh /x/start.sh`,
    'env -S "/x/start.sh -x"',
    'flock L ionice -c 3 /x/start.sh',
    'runuser -u root -- ionice -c 2 -n 7 /x/start.sh',
    'su root --command=/x/start.sh',
    'su root -s /bin/sh /x/start.sh',
    'script -q -e -c/x/start.sh /dev/null',
    'script -q -e -cstart.sh /dev/null',
    'script -q -elcstart.sh /dev/null',
    'a-wrapper --start.sh',
    // A quote may begin a name, and what stands before it is unknown.
    'a-wrapper x"start.sh"',
    'setarch x86_64 -R /x/start.sh',
    'eatmydata /x/start.sh',
    'xvfb-run -a /x/start.sh',
    'wait-for-it.sh db:5432 -- /x/start.sh',
    'dockerize -wait tcp://db:5432 /x/start.sh',
    'a-wrapper-that-nobody-knows /x/start.sh',
    '"/opt/my dir/start.sh" "an argument"',
    "'/opt/my dir'/start.sh",
    '/x/"start".sh',
    "/x/'start'.sh",
    '/x/start\\.sh',
    'sh -c "test -e /x && /usr/bin/start.sh>/log 2>&1 || exit 1"',
    'sh -c "(/x/start.sh)"',
    'sh -c "exec $(which start.sh)"',
    "sh -c 'x=/x/start.sh; exec $x'",
    'echo start.sh',
    'tail -f /usr/bin/start.sh',
    'sh -c "echo \'start.sh',
  ]) {
    test(command, () => assert.equal(byCommand(command), 'command'));
  }
});

suite('a command does not mention start.sh:', () => {
  for (const command of [
    '',
    'true',
    '/usr/bin/prestart.sh',
    '/x/x_start.sh',
    '/x/nginx-start.sh',
    '/x/re.start.sh',
    '/x/.start.sh',
    '/x/start.sh.bak',
    '/x/start.shell',
    '/x/start.sh-old',
    '/x/start.sh_1',
    '/x/überstart.sh',
    '/x/1start.sh',
    '/x/start.sh1',
    '/x/start.shell1',
    'tail -f /var/log/start.sh.log',
    '/usr/bin/start',
    '/usr/bin/startXsh',
    'restart.sh && mystart.sh',
  ]) {
    test(command || 'nothing', () => assert.equal(byCommand(command), 'nothing'));
  }
});

const word = fc.stringMatching(/^[a-z0-9_./=:@%+-]{1,12}$/);
const directory = fc.constantFrom('', './', '/usr/bin/', '$HOME/', '/opt/my dir/', '%(here)s/', '~/');
const quoted = (text: string) => fc.constantFrom(text, `"${text}"`, `'${text}'`, `\\${text}`, `"${text}`, `$(${text})`, `\`${text}\``);
const before = fc.constantFrom(
  '',
  ' ',
  'exec ',
  ';',
  '&&',
  '|',
  '(',
  '{ ',
  '-c ',
  '-c',
  '--command=',
  'X=',
  '>',
  '<',
  'bash -eo pipefail ',
  'env -S ',
);
const after = fc.constantFrom('', ' ', ' -x', ';', '&', '|', ')', '; }', '>', '<', '"', "'", '\n', ' || true', '\\');

/** A command around a file, wrapped and quoted again and again. */
function wrapped(file: string): fc.Arbitrary<string> {
  const once = (text: string) =>
    fc
      .tuple(fc.array(word, { maxLength: 3 }), before, quoted(text), after, fc.array(word, { maxLength: 3 }))
      .map(([words, front, inner, back, more]) => [...words, `${front}${inner}${back}`, ...more].join(' '));
  return directory
    .chain((path) => once(path + file))
    .chain(once)
    .chain(once);
}

suite('any command', () => {
  const parameters = { numRuns: isLong ? 100_000 : 5000, seed: historySeed };

  test('that names start.sh literally counts, whatever wraps and quotes it', () => {
    fc.assert(
      fc.property(wrapped('start.sh'), (command) => assert.equal(byCommand(command), 'command')),
      parameters,
    );
  });

  test('that names only others does not', () => {
    // With a path, because an option may be attached to what looks like one: -cprestart.sh.
    const other = fc.constantFrom(
      '/x/prestart.sh',
      '/x/x_start.sh',
      '/x/nginx-start.sh',
      '/x/start.sh.bak',
      '/x/start.shell',
      '/x/start',
      'stop.sh',
    );
    fc.assert(
      fc.property(other.chain(wrapped), (command) => assert.equal(byCommand(command), 'nothing')),
      parameters,
    );
  });
});

suite('a name is that of start.sh:', () => {
  for (const name of ['start', 'start.sh', 'start_00', 'start_7', 'start.sh_1']) {
    test(name, () => {
      assert.equal(byName(name), 'name');
      assert.equal(byName(name, 'boot'), 'name');
      assert.equal(byName('0', name), 'name');
    });
  }

  for (const name of ['starter', 'restart', 'start_', 'start_a', 'start-1', 'start.sh.1', 'xstart_00', 'Start', '']) {
    test(`but not ${name || 'none'}`, () => assert.equal(byName(name), 'nothing'));
  }

  test('whatever its command mentions', () => {
    assert.equal(whatIsStart({ name: 'start', group: 'x', command: '/x/start.sh' }, undefined), 'name');
    assert.equal(whatIsStart({ name: 'init', group: 'x' }, undefined), 'nothing');
  });
});

suite('READINESSD_START_PROGRAMS', () => {
  test('names programs by their own name, their group, both, or a whole group, and guesses nothing', () => {
    for (const [setting, name, group, is] of [
      ['init', 'init', 'init', true],
      ['init', 'init', 'boot', true],
      ['init', 'init_00', 'init', true],
      ['init', 'other', 'boot', false],
      ['boot:init', 'init', 'boot', true],
      ['boot:init', 'init', 'init', false],
      ['boot:init', 'other', 'boot', false],
      ['boot:*', 'other', 'boot', true],
      ['boot:*', 'boot', 'other', false],
      ['a, b  c', 'c', 'c', true],
      ['a', 'start', 'start', false],
      ['none', 'start', 'start', false],
      ['none:none', 'none', 'none', true],
    ] as const)
      assert.equal(bySetting(setting, name, group), is ? 'setting' : 'nothing', `${setting} ${group}:${name}`);
  });

  for (const text of [' ', ',', '*', ':x', 'x:', 'a:b:c', 'none, a', 'a none', '*:a', 'a*', 'x:*y']) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseProgramNames(text), /must be programs as NAME, GROUP:NAME/));
  }

  test('is shown as it was written, with blanks', () => {
    assert.equal(parseProgramNames(' a,boot:*\n c').display, 'a boot:* c');
    assert.equal(parseProgramNames('none').display, 'none');
  });
});
