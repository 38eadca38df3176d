import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { manifestsIn } from '../support/document-blocks.ts';
import {
  allowedCodes,
  type Command,
  commandLanguages,
  commandsIn,
  isShownFirst,
  type Shown,
  shownVerdict,
} from '../support/document-commands.ts';
import { type Block, blocksOf, findDocuments } from '../support/documents.ts';
import { unknownFields } from '../support/kubernetes-fields.ts';
import { freePort } from '../support/port.ts';
import { run } from '../support/run.ts';
import { scratchDirectory, tree, writeScript } from '../support/scratch.ts';
import { goodStart, type Plan, setUp } from '../support/set-up.ts';

const blocks = findDocuments().flatMap(blocksOf);
const withCommands = blocks.filter(({ language }) => commandLanguages.includes(language));

/** A container whose verdict is the one that a document shows, where possible. Otherwise one that is ready. */
function planFor(shown: Shown | undefined, text: string): { readonly plan: Plan; readonly isAsShown: boolean } {
  const hook = (script: string): Plan => ({ hook: (path) => writeScript(path, script) });
  const start = (command: string): Plan => ({ ...hook('exit 0'), programs: goodStart.replace('command=true', `command=${command}`) });
  const plans: Readonly<Record<string, Plan>> = {
    Ready: hook('exit 0'),
    HookFailed: hook(`echo "bgp: 3 of 4 neighbours established"; exit ${shown?.code}`),
    HookSpawnFailed: hook('#!/bin/sh\r\nexit 0\r'),
    StartNotFinished: start('sleep 1000'),
    StartFailed: start(`/bin/sh -c "exit ${/exited with code (\d+)/.exec(text)?.[1]}"`),
  };
  const plan = plans[shown?.reason ?? 'Ready'];
  return { plan: plan ?? hook('exit 0'), isAsShown: plan !== undefined };
}

/** Runs commands one after the other in one shell in such a container. Returns the code and output of each. */
async function runIn(t: TestContext, commands: readonly Command[], plan: Plan, code: number) {
  const port = await freePort();
  const it = await setUp(t, { ...plan, settings: { READINESSD_LISTEN: `127.0.0.1:${port}` } });
  await it.expect(new RegExp(`^${code} `));
  // Commands may write into the tree, and into /etc, which has nothing of readinessd yet.
  const directory = scratchDirectory(t);
  const root = join(directory, 'root');
  cpSync(tree, root, { recursive: true });
  // Outside a terminal curl would show its progress beside an answer.
  writeFileSync(join(directory, '.curlrc'), 'silent\nshow-error\n');
  const places: readonly (readonly [string, string])[] = [
    ['/usr/bin/readiness_probe_hook', it.env.READINESSD_HOOK],
    ['/run/readinessd.sock', it.env.READINESSD_SOCKET],
    ['127.0.0.1:9464', `127.0.0.1:${port}`],
  ];
  const inContainer = (text: string) =>
    places
      .reduce((shown, [there, here]) => shown.replaceAll(here, there), text)
      .replaceAll(root, '')
      .replaceAll(directory, '');
  const here = (line: string) =>
    places
      .reduce((shown, [there, place]) => shown.replaceAll(there, place), line)
      .replaceAll(/(?<![\w./])\/usr\/bin\/(?=readi)/g, `${root}/usr/bin/`)
      .replaceAll(/(?<![\w./])\/etc\//g, `${directory}/etc/`);
  for (const { line } of commands)
    for (const [path] of here(line).matchAll(/\/[\w./-]+\/etc\/[\w./-]+/g)) mkdirSync(dirname(path), { recursive: true });
  const script = commands.map(({ line }) => `{ ${here(line)}\n} 2>&1; code=$?; printf '\\036%d\\036' $code; (exit $code)\n`).join('');
  const env = { ...it.env, CURL_HOME: directory, PATH: `${join(root, 'usr/bin')}:${process.env['PATH']}` };
  const { stdout, stderr } = await run('sh', ['-c', script], { env });
  const parts = stdout.split('\u001e');
  assert.equal(parts.length, 2 * commands.length + 1, `the shell ended early: ${stdout} ${stderr}`);
  return commands.map((_command, index) => ({ output: inContainer(parts[2 * index] ?? ''), code: Number(parts[2 * index + 1]) }));
}

/** Adds --check-config to a block that sets settings of the daemon. */
function withSettingsChecked(block: Block, commands: readonly Command[]): readonly Command[] {
  const setsSome = commands.some(({ line }) => /^(export )?READINESSD_\w+=("[^"]*"|\S*)$/.test(line));
  if (!setsSome || block.notRun !== undefined) return commands;
  const set: Command = { line: 'set -a', output: undefined, notRun: undefined };
  return [set, ...commands, { ...set, line: 'readinessd --check-config' }];
}

const counts = { run: 0, notRun: [] as string[] };

suite('commands in documents', { concurrency: 4 }, () => {
  for (const block of withCommands) {
    test(`${block.place} runs as written, and does what it says`, async (t) => {
      const commands = withSettingsChecked(block, commandsIn(block));
      for (const { line, notRun } of commands) if (notRun !== undefined) counts.notRun.push(`${block.place}: ${line} (${notRun})`);
      const toRun = commands.filter(({ notRun }) => notRun === undefined);
      if (toRun.length === 0) return;
      const shown = block.language === 'console' ? shownVerdict(block.text) : undefined;
      const { plan, isAsShown } = planFor(shown, block.text);
      const results = await runIn(t, toRun, plan, isAsShown ? (shown?.code ?? 0) : 0);
      counts.run += toRun.length;
      if (!isAsShown) t.diagnostic(`not compared, for no container here says ${shown?.code} ${shown?.reason}`);
      for (const [index, command] of toRun.entries()) {
        const { code = -1, output = '' } = results[index] ?? {};
        assert.doesNotMatch(output, /unknown (argument|option|command|setting)/i, command.line);
        // 126 and 127 are the shell's.
        assert.ok(![106, 107, 126, 127].includes(code), `${command.line}: ${code}: ${output}`);
        if (!isAsShown) continue;
        assert.ok(allowedCodes(command, toRun[index + 1]).includes(code), `${command.line}: exits with ${code}: ${output}`);
        if (command.output !== undefined)
          assert.ok(
            isShownFirst(command.output, output),
            `${command.line}: the document shows\n${command.output}\nbut it prints\n${output}`,
          );
      }
    });
  }
});

test('commands in documents name each block that is not run', (t) => {
  t.diagnostic(`${counts.run} commands were run; ${counts.notRun.length} were not:`);
  for (const line of counts.notRun) t.diagnostic(line);
  assert.ok(counts.run > 10);
});

suite('blocks of code in documents', () => {
  for (const block of withCommands) {
    test(`${block.place} is valid for sh`, async (t) => {
      const script = join(scratchDirectory(t), 'block.sh');
      const text =
        block.language === 'sh'
          ? block.text
          : commandsIn({ ...block, notRun: 'only read' })
              .map(({ line }) => line)
              .join('\n');
      writeFileSync(script, `${text}\n`);
      const { code, stderr } = await run('sh', ['-n', script]);
      assert.equal(code, 0, stderr);
      if (block.language !== 'sh') return;
      // Variables may be for a program that is not in the block.
      const checked = await run('shellcheck', ['--shell=sh', '--exclude=SC2034', script]);
      assert.equal(checked.code, 0, checked.stdout);
    });
  }

  for (const { place, text } of blocks.filter(({ language }) => language === 'python')) {
    test(`${place} is valid Python`, async () => {
      const { code, stderr } = await run('python3', ['-c', 'import ast, sys; ast.parse(sys.argv[1])', text]);
      assert.equal(code, 0, stderr);
    });
  }

  test('have no field that Kubernetes does not know', async (t) => {
    const manifests = blocks.filter(({ language }) => language === 'yaml').flatMap(({ text }) => manifestsIn(text));
    assert.ok(manifests.length > 0);
    assert.equal(await unknownFields(scratchDirectory(t), manifests), '');
  });
});
