import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { TestDaemon, watchVerdicts } from '../../support/daemon.ts';
import { forms } from '../../support/form.ts';
import { scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { goodStart, setUp } from '../../support/set-up.ts';
import { TestSupervisord } from '../../support/supervisord.ts';

/** A service that stays up. */
const service = (name: string, more = '') => `[program:${name}]\ncommand=sleep 100000\nstartsecs=0\n${more}\n`;

/** Ends as soon as it has begun, and runs again at once. supervisord still shows it as RUNNING. */
const crashLoop = (name: string) => `[program:${name}]\ncommand=sh -c "sleep 0.1; exit 1"\nstartsecs=0\nautorestart=true\n`;

for (const form of forms) {
  suite(`READINESSD_PROGRAMS (${form})`, () => {
    /** A supervisord with these programs, and the daemon under it. */
    function check(t: TestContext, programs: string, chosen: string, settings: Record<string, string> = {}) {
      return setUp(t, { programs, form, settings: { READINESSD_PROGRAMS: chosen, READINESSD_SETTLED_AFTER: '1500ms', ...settings } });
    }

    test('is ready when every named program is RUNNING, by its name, its group or within it', async (t) => {
      const programs = `${service('web')}${service('a')}${service('b')}[group:grp]\nprograms=a,b\n`;
      for (const chosen of ['web grp', 'web,grp:*', 'web grp:a grp:b', 'web a', 'autostart', 'started', 'grp:* -grp:a', 'none']) {
        const { expect, status } = await check(t, programs, chosen);
        await expect(/^0 /);
        assert.equal((await status()).steps.find(({ name }) => name === 'programs')?.outcome, chosen === 'none' ? undefined : 'passed');
      }
    });

    test('says which program is not as it should be, and in which state it is', async (t) => {
      const programs = [
        service('idle', 'autostart=false'),
        '[program:fatal]\ncommand=/no/such/file\nstartretries=0\n',
        '[program:over]\ncommand=sh -c "exit 3"\nstartsecs=0\nautorestart=false\n',
        service('web'),
      ].join('');
      const { expect: expectIdle, supervisord } = await check(t, programs, 'web idle');
      await expectIdle(/^116 ProgramNotRunning program "idle" is STOPPED: it has not been started\n$/);
      await supervisord.call('startProcess', 'idle');
      await expectIdle(/^0 /);
      await supervisord.call('stopProcess', 'idle');
      await expectIdle(/^116 ProgramNotRunning program "idle" is STOPPED: somebody stopped it\n$/);
      for (const [chosen, line] of [
        ['fatal', /^116 ProgramNotRunning program "fatal" is FATAL: can't find command '\/no\/such\/file'\n$/],
        ['over', /^116 ProgramNotRunning program "over" is EXITED: it exited with code 3\n$/],
        ['webb', /^116 ProgramNotRunning program "webb" is not there\n$/],
        ['grp:*', /^116 ProgramNotRunning program "grp:\*" is not there\n$/],
        ['autostart -web -fatal -over', /^116 ProgramNotRunning autostart names none of supervisord's programs\n$/],
        ['webb fatal over', /^116 ProgramNotRunning program "webb" is not there, and 2 more are not as wanted\n$/],
      ] as const) {
        const { expect } = await check(t, programs, chosen);
        await expect(line);
      }
    });

    test('leaves start.sh and readinessd itself out of autostart and started', async (t) => {
      for (const chosen of ['autostart', 'started']) {
        const { expect } = await check(t, `${goodStart}${service('web')}`, chosen);
        await expect(/^0 /);
        const named = await check(t, `[program:init]\ncommand=true\nstartsecs=0\nautorestart=false\n${service('web')}`, chosen, {
          READINESSD_START_PROGRAMS: 'init',
        });
        await named.expect(/^0 /);
      }
    });

    test('adds a program of autostart that is loaded later, and one whose section a reread has removed', async (t) => {
      const { expect, expectChecked, supervisord } = await check(t, service('web'), 'autostart');
      await expect(/^0 /);
      supervisord.add('[program:late]\ncommand=sh -c "sleep 1; exit 1"\nstartsecs=0\nautorestart=false\n');
      await supervisord.ctl('reread');
      await expectChecked(/^116 ProgramNotRunning program "late" is not there: it is configured but not loaded/);
      await supervisord.ctl('update');
      await expect(/^116 ProgramNotRunning program "late" is EXITED: it exited with code 1/);
    });

    test('judges what runs, not what a reread has made of the configuration', async (t) => {
      const { expect, expectChecked, supervisord } = await check(t, service('web'), 'autostart');
      await expect(/^0 /);
      const whole = supervisord.configuration();
      writeFileSync(join(supervisord.directory, 'supervisord.conf'), whole.replace('command=sleep 100000', '$&\nautostart=false'));
      await supervisord.ctl('reread');
      await supervisord.call('stopProcess', 'web');
      await expectChecked(/^116 ProgramNotRunning program "web" is STOPPED/);
      writeFileSync(join(supervisord.directory, 'supervisord.conf'), whole.replace(/^\[program:web\]/m, '[program:other]'));
      await supervisord.ctl('reread');
      await expectChecked(
        /^116 ProgramNotRunning program "other" is not there: it is configured but not loaded.*, and 1 more is not as wanted/,
      );
      await supervisord.ctl('update');
      await expectChecked(/^0 /);
    });

    test('is never ready while a program crashes again and again, whatever startsecs says', async (t) => {
      const { expect, body, supervisord } = await check(t, crashLoop('php'), 'php', { READINESSD_SETTLED_AFTER: '10s' });
      await expect(/^116 ProgramNotRunning program "php" keeps being restarted\n$/);
      const watch = watchVerdicts({ body });
      const started = (await supervisord.call('getProcessInfo', 'php')).replace(/^.*?<name>pid<\/name>/s, '');
      await until('it has crashed many more times', async () => supervisord.log().split("spawned: 'php'").length > 40 && started !== '');
      assert.deepEqual(
        (await watch.stop()).filter((line) => !line.startsWith('116 ')),
        [],
      );
    });

    test('is never ready while a program behind pidproxy is restarted every few seconds', async (t) => {
      const directory = scratchDirectory(t);
      const script = writeScript(join(directory, 'dead'), 'sleep 2');
      const programs = `[program:postfix]\ncommand=${script}\nstartsecs=0\nautorestart=true\n`;
      const { expect, body, supervisord } = await check(t, programs, 'postfix', { READINESSD_SETTLED_AFTER: '10s' });
      await expect(/^116 ProgramNotRunning program "postfix" keeps being restarted\n$/);
      const watch = watchVerdicts({ body });
      await until('it was restarted', () => supervisord.log().split("spawned: 'postfix'").length > 6);
      assert.deepEqual(
        (await watch.stop()).filter((line) => !line.startsWith('116 ')),
        [],
      );
    });

    test('is ready again only once a restarted program has settled', async (t) => {
      const { expect, supervisord } = await check(t, service('web'), 'web', { READINESSD_SETTLED_AFTER: '3s' });
      await expect(/^0 /);
      await supervisord.call('stopProcess', 'web');
      await expect(/^116 /);
      const startedAtMs = performance.now();
      await supervisord.call('startProcess', 'web');
      await expect(/^0 /);
      // This is the product's own bound: it may take longer, but never less.
      assert.ok(performance.now() - startedAtMs >= 3000);
    });

    test('notices that a program was removed', async (t) => {
      const { expect, supervisord } = await check(t, service('web'), 'web');
      await expect(/^0 /);
      await supervisord.call('stopProcess', 'web');
      await supervisord.call('removeProcessGroup', 'web');
      await expect(/^116 ProgramNotRunning program "web" is not there/);
    });
  });
}

suite('READINESSD_PROGRAMS', () => {
  test('does not take the silence of a frozen supervisord for a running program', async (t) => {
    const { expect, supervisord } = await setUp(t, {
      programs: service('web'),
      form: 'events',
      settings: { READINESSD_PROGRAMS: 'web', READINESSD_RPC_TIMEOUT: '2s' },
    });
    await expect(/^0 /);
    supervisord.child.kill('SIGSTOP');
    // Events are silent for 75 s before they count as stopped. The limit here is far below that.
    await expect(/^110 /, 45_000);
    supervisord.child.kill('SIGCONT');
    await expect(/^0 /);
  });

  test('is also checked without a start step', async (t) => {
    const supervisord = await TestSupervisord.start(t, `${service('web')}[program:start]\ncommand=sh -c "exit 3"\nstartsecs=0\n`, {
      form: 'poll',
    });
    const settings = { READINESSD_SUPERVISOR_URL: supervisord.url, READINESSD_START_STEP: 'off', READINESSD_PROGRAMS: 'web' };
    const { expect } = new TestDaemon(t, settings, undefined, { form: 'poll' });
    await expect(/^0 /);
    await supervisord.stop();
    await expect(/^110 /);
  });

  test('comes after the hook in the order of the verdict, whatever supervisord tells', async (t) => {
    const { expect, body, supervisord } = await setUp(t, {
      programs: crashLoop('php'),
      form: 'events',
      hook: (path) => writeScript(path, 'exit 17'),
      settings: { READINESSD_PROGRAMS: 'php' },
    });
    await expect(/^17 HookFailed hook exited with code 17; 1 more check fails\n$/);
    const watch = watchVerdicts({ body });
    const before = supervisord.log().split("spawned: 'php'").length;
    await until('it has crashed many more times', () => supervisord.log().split("spawned: 'php'").length > before + 20);
    assert.deepEqual(await watch.stop(), ['17 HookFailed hook exited with code 17; 1 more check fails']);
  });
});
