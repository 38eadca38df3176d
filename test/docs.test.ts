import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { explanationOf } from '../client/ctl/explanations.ts';
import { commandNames } from '../client/ctl/program.ts';
import { withTables } from '../script/update-docs.ts';
import { codeOf } from '../shared/exit-codes.ts';
import { tree } from './support/scratch.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

suite('documents', () => {
  test("the README's tables are those of the code (npm run docs makes them)", () => {
    assert.equal(read('README.md'), withTables(read('README.md')));
  });

  test('the README shows a session of each command of readinessctl, as it is now (script/sessions.ts makes them)', () => {
    const [, sessions = ''] = /<!-- sessions: .*-->\n([\s\S]*)<!-- end of sessions -->/.exec(read('README.md')) ?? [];
    for (const name of commandNames)
      assert.match(sessions, name === 'status' ? /^\$ readinessctl$/m : new RegExp(`^\\$ readinessctl ${name}\\b`, 'm'));
    for (const line of explanationOf('HookFailed').actions) assert.ok(sessions.includes(line), line);
  });

  test('HACKING.md names every source file, and every dependency with its reason', () => {
    const hacking = read('HACKING.md');
    for (const folder of ['daemon', 'client', 'shared', 'script']) {
      const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
        statSync(join(root, folder, file)).isFile(),
      );
      for (const file of files) assert.ok(hacking.includes(`\`${file.split('/').at(-1)}\``), `${folder}/${file} is not in HACKING.md`);
    }
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      assert.match(hacking, new RegExp(`^\\| ${name.replace('/', '\\/')} \\| .+ \\|$`, 'm'));
    }
  });

  test('links in the documents lead somewhere', () => {
    const documents = [...readdirSync(root), ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
    for (const document of documents.filter((name) => name.endsWith('.md'))) {
      for (const [, target = ''] of read(document).matchAll(/\]\((?!https?:)([^)#]+)/g))
        assert.ok(existsSync(join(root, dirname(document), target)), `${document}: ${target}`);
    }
  });

  test('docs/reliability.md names tests that there are, and every file of faults', () => {
    const [, tables = ''] = read('docs/reliability.md').split('## The daemon');
    const lines = tables.split('\n').filter((line) => line.startsWith('| ') && !/^\| (fault|attempt|what) \|/.test(line));
    const rows = lines.map(
      (line) => /`(\S+\.test\.ts)`: (.+?)(?: \(and its siblings?\))? \|$/.exec(line) ?? assert.fail(`no test in: ${line}`),
    );
    assert.ok(rows.length > 50);
    for (const [, file = '', title = ''] of rows) {
      const titles = [...read(`test/${file}`).matchAll(/\btest\(\s*(['"`])(.*?)\1,/g)].map(([, , text = '']) => titlePattern(text));
      assert.ok(
        titles.some((pattern) => pattern.test(title)),
        `${file}: ${title}`,
      );
    }
    for (const file of readdirSync(join(root, 'test/faults')))
      assert.ok(
        rows.some(([, named]) => named === `faults/${file}`),
        file,
      );
  });

  test('the shell parts of the client say the code of the table', () => {
    for (const file of ['client/readiness_probe.sh', 'client/readiness_probe.launch', 'script/build.ts']) {
      for (const [, code] of read(file).matchAll(/(\d+) ClientBroken/g)) assert.equal(Number(code), codeOf('ClientBroken'));
    }
  });

  test("SONiC's program entry is that of supervisor.conf.example", () => {
    const settings = (text: string) =>
      text
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .sort();
    const [, sonic = ''] = read('supervisor.conf.example').split('; SONiC:');
    const [entry = ''] = sonic.replaceAll(/^;/gm, '').split('[program:start]');
    assert.deepEqual(settings(read('examples/sonic/readinessd.conf')), settings(entry));
  });

  test('the program entry in the tree is the example', () => {
    assert.equal(readFileSync(join(tree, 'etc/supervisor/conf.d/readinessd.conf'), 'utf8'), read('supervisor.conf.example'));
  });
});

/** A test's title as it stands in its source; what it puts in may be anything. */
function titlePattern(title: string): RegExp {
  const parts = title.split(/\$\{.*?\}/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}
