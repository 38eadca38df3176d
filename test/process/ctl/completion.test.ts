import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { completions } from '../../../client/ctl/completion/completion.ts';
import { ctl, shellOnTerminal } from '../../support/ctl.ts';
import { run } from '../../support/run.ts';
import { scratchDirectory, tree, until } from '../../support/scratch.ts';

const pathOf = (shell: string) => join(tree, completions[shell]?.path ?? assert.fail(shell));

/** What is typed, and what the key TAB turns it into. */
const typed = [
  ['sta', 'status'],
  ['--json cod', '--json codes'],
  ['-o js', '-o json'],
  ['wait --for r', 'wait --for ready'],
  ['wait --for=n', 'wait --for=not-ready'],
  ['wait --timeo', 'wait --timeout'],
  ['wait --timeout 5s --fo', 'wait --timeout 5s --for'],
  ['--socket /x wai', '--socket /x wait'],
  ['status --wa', 'status --watch'],
  ['--wa', '--watch'],
  ['explain StartFai', 'explain StartFailed'],
  ['help doc', 'help doctor'],
  ['completion fi', 'completion fish'],
  ['--socket /etc/hostn', '--socket /etc/hostname'],
  ['codes sta', 'codes sta'],
  ['history --watc', 'history --watc'],
] as const;

/** A real shell, and how it loads the completion of the tree. */
const shells = [
  ['bash', 'bash --norc --noprofile -i', `. ${pathOf('bash')}`],
  ['bash', 'bash --norc --noprofile -i', '. <(command readinessctl completion bash)'],
  ['zsh', 'zsh -f -i', `fpath=(${dirname(pathOf('zsh'))} $fpath); autoload -U compinit; compinit -D -u; unsetopt beep`],
  ['zsh', 'zsh -f -i', 'autoload -U compinit; compinit -D -u; unsetopt beep; . <(command readinessctl completion zsh)'],
] as const;

suite('completions', { concurrency: 4 }, () => {
  test('are printed as they are in the tree', async () => {
    for (const shell of Object.keys(completions)) {
      const { code, stdout } = await ctl('/none', ['completion', shell]);
      assert.deepEqual([code, stdout], [0, readFileSync(pathOf(shell), 'utf8')]);
    }
  });

  test('are clean by the shells and shellcheck', async () => {
    for (const command of [
      ['bash', '-n', pathOf('bash')],
      ['zsh', '-f', '-n', pathOf('zsh')],
      ['fish', '--no-config', '-n', pathOf('fish')],
      ['shellcheck', '-s', 'bash', pathOf('bash')],
    ]) {
      const [program = '', ...args] = command;
      const { code, stdout, stderr } = await run(program, args);
      assert.deepEqual([code, stdout, stderr], [0, '', ''], command.join(' '));
    }
  });

  for (const [name, shell, setUp] of shells) {
    test(`of ${name} work in it, by ${setUp}`, async (t) => {
      const terminal = shellOnTerminal(t, '/none', { shell, env: { HOME: scratchDirectory(t) } });
      terminal.type(`${setUp}; readinessctl() { echo "<$*>"; }; echo "is" set up\r`);
      await until('it is set up', () => /[\n\r]is set up\r/.test(terminal.output()));
      for (const [words, completed] of typed) {
        const from = terminal.output().length;
        terminal.type(`readinessctl ${words}\t\r`);
        const [, got = ''] = await until(`${words} is completed`, () => /[\n\r]<(.*?)>\r/.exec(terminal.output().slice(from)));
        assert.equal(got.replace(/[ =]$/, ''), completed);
      }
    });
  }

  test('of fish work in it', async (t) => {
    // fish loads a completion when it finds the command.
    const env = { PATH: `${join(tree, 'usr/bin')}:${process.env['PATH']}`, HOME: scratchDirectory(t) };
    for (const [words, completed] of typed) {
      const script = `set -p fish_complete_path ${dirname(pathOf('fish'))}; complete -C "readinessctl ${words}"`;
      const { stdout, stderr } = await run('fish', ['--no-config', '-c', script], { env });
      assert.equal(stderr, '');
      const last = words.split(' ').at(-1);
      const wanted = completed.split(' ').at(-1);
      const found = stdout.split('\n').map((line) => line.split('\t')[0]);
      if (wanted === last) assert.deepEqual(found, [''], words);
      else assert.ok(found.includes(wanted), `${words}: ${stdout}`);
    }
  });
});
