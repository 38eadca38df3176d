import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { commandNames, createProgram } from '../../client/ctl/program.ts';
import { definitions } from '../../daemon/settings/definitions.ts';
import { manPages } from '../../script/man/pages.ts';
import { escapeRoff } from '../../script/man/roff.ts';
import { socketEndpoints, tcpEndpoints } from '../../shared/endpoints.ts';
import { exitCodeTable } from '../../shared/exit-codes.ts';
import { run } from '../support/run.ts';
import { tree } from '../support/scratch.ts';

const shipped = ['man1/readiness_probe.sh.1', 'man1/readinessctl.1', 'man8/readinessd.8'];
const pathOf = (page: string) => join(tree, 'usr/share/man', page);

/** The text as a reader sees it, with runs of blanks made one. */
async function rendered(page: string): Promise<string> {
  const { code, stdout } = await run('sh', ['-c', 'mandoc -Tascii "$0" | col -bx', pathOf(page)]);
  assert.equal(code, 0);
  return stdout.replaceAll(/\s+/g, ' ');
}

suite('man pages', () => {
  test('are in the tree, each in its section', () => {
    const files = readdirSync(join(tree, 'usr/share/man'), { recursive: true, encoding: 'utf8' });
    assert.deepEqual(files.filter((file) => file.includes('/')).sort(), shipped);
  });

  for (const page of shipped) {
    test(`${page} makes mandoc warn of nothing`, async () => {
      const { code, stdout, stderr } = await run('mandoc', ['-Tlint', '-Wwarning', pathOf(page)]);
      assert.deepEqual([code, stdout, stderr], [0, '', '']);
    });
  }

  test('of the daemon name every setting with its default, and the whole API', async () => {
    const text = await rendered('man8/readinessd.8');
    for (const { flag, placeholder, variable, defaultText = '', help } of Object.values(definitions)) {
      for (const said of [`${`--${flag} ${placeholder}`.trimEnd()}, ${variable} ${help}`, defaultText])
        assert.ok(text.includes(said), said);
    }
    for (const { method, path, what } of [...socketEndpoints, ...tcpEndpoints]) {
      assert.ok(text.includes(`${method} ${path} ${what}`), path);
    }
  });

  test('of the probe name every exit code', async () => {
    const text = await rendered('man1/readiness_probe.sh.1');
    for (const { codes, reason, when } of exitCodeTable) {
      assert.ok(text.includes(` ${[...new Set(codes)].join('-')} ${reason} ${when}.`), reason);
    }
  });

  test('of readinessctl name every command with its options', async () => {
    const text = await rendered('man1/readinessctl.1');
    const program = createProgram(async () => {});
    assert.deepEqual(
      program.commands.map((command) => command.name()),
      [...commandNames],
    );
    for (const command of program.commands) {
      assert.match(text, new RegExp(` ${command.name()} (\\[?[A-Z-]+\\]? )?${command.description().replaceAll(/[()]/g, '\\$&')}`));
      for (const { long } of command.options) assert.ok(text.includes(` ${long} `), `${long}`);
    }
  });

  test('show the given date, and are otherwise the same', () => {
    const at = (date: string) => manPages(new Date(date)).map(({ text }) => text);
    const [first, second] = [at('2026-01-02T23:59:59Z'), at('2026-01-03T00:00:00Z')];
    assert.deepEqual(
      first.map((text) => text.replace('"2026-01-02"', '"2026-01-03"')),
      second,
    );
    assert.notDeepEqual(first, second);
  });

  test('keep text from being read as roff requests', () => {
    assert.equal(escapeRoff(".so x\n'a\\b --c"), "\\&.so x\n\\&'a\\eb \\-\\-c");
  });
});
