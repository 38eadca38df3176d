import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { watchVerdicts } from '../../support/daemon.ts';
import { forms } from '../../support/form.ts';
import { holdingsOf } from '../../support/process.ts';
import { cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { goodStart, setUp } from '../../support/set-up.ts';

for (const form of forms) {
  suite(`under supervisord (${form})`, { concurrency: 5 }, () => {
    test('holds under 30 MB of private memory, with 20 programs and a hook', async (t) => {
      const programs = Array.from({ length: 20 }, (_, index) => `[program:p${index}]\ncommand=sleep 1000\n`).join('');
      const { supervisord, body, status } = await setUp(t, { form, programs, hook: (path) => writeScript(path, 'exit 0') });
      await until('it is ready', async () => (await body()).startsWith('0 Ready start skipped, hook passed'));
      // The lowest figure is what it needs. The rest is garbage, which these quick cycles make a lot of.
      let least = Number.POSITIVE_INFINITY;
      await until('20 cycles have ended, and it was seen to hold no more', async () => {
        const { cycles, pid } = await status();
        if (cycles > 5) least = Math.min(least, holdingsOf(pid).privateDirtyKb);
        return cycles >= 20 && least < 30_000;
      }).catch((error: Error) => assert.fail(`${error.message}: ${least} kB`));
      assert.ok(least > 5000, `${least} kB`);
      await supervisord.stop();
    });

    test('starts first and stops last', async (t) => {
      const { supervisord, body } = await setUp(t, { form, programs: '[program:first]\ncommand=sleep 1000\npriority=1\n' });
      await until('it is ready', async () => (await body()).startsWith('0 '));
      await supervisord.stop();
      const log = supervisord.log();
      const at = (what: RegExp) => log.search(what);
      assert.ok(at(/spawned: 'readinessd'/) < at(/spawned: 'first'/), log);
      assert.ok(at(/stopped: first/) < at(/stopped: readinessd \(exit status 0\)/), log);
    });

    test('comes back after it was killed, and supervisord never gives it up', async (t) => {
      const { supervisord, body, status, toldAll } = await setUp(t, { form });
      await toldAll();
      await until('it is ready', async () => (await body()).startsWith('0 '));
      const watch = watchVerdicts({ body });
      const { pid } = await status();
      await supervisord.ctl('signal', 'KILL', 'readinessd');
      // The time in which nobody answers may be too short to be seen.
      await until('another one answers', async () => (await status().catch(() => ({ pid }))).pid !== pid);
      await until('it is back', async () => (await body()).startsWith('0 '));
      assert.deepEqual(
        (await watch.stop()).filter((line) => !/^(0 |104 |$)/.test(line)),
        [],
      );
    });

    test('is right again after a reload, and not ready while start.sh runs again', async (t) => {
      const hold = join(scratchDirectory(t), 'hold');
      const command = `command=/bin/sh -c "while [ -e ${hold} ]; do sleep 0.1; done"`;
      const { supervisord, body, toldAll } = await setUp(t, { form, programs: goodStart.replace('command=true', command) });
      await toldAll();
      await until('it is ready', async () => (await body()).startsWith('0 '));
      const watch = watchVerdicts({ body });
      writeFileSync(hold, '');
      await supervisord.ctl('reload');
      await until('start.sh runs again', async () => (await body()).startsWith('2 '));
      rmSync(hold);
      await until('it is ready', async () => (await body()).startsWith('0 '));
      const seen = (await watch.stop()).map((line) => line.split(' ')[0]);
      // The verdict from before the reload may be shown until the next cycle. Then it is not ready until
      // start.sh is good again.
      assert.match(seen.join(), /^0,((?!0\b)\d*,)*0$/);
    });

    test('is not ready while supervisord waits for programs to die', async (t) => {
      const go = join(scratchDirectory(t), 'go');
      const command = `/bin/bash -c "trap '' TERM; while ! [ -e ${go} ]; do sleep 0.1; done"`;
      // The programs live until supervisord kills them, and by then everything that the test waits for has come.
      const { supervisord, body } = await setUp(t, { form, programs: `[program:slow]\ncommand=${command}\nstopwaitsecs=1000\n` });
      cleanUp(t, () => writeFileSync(go, ''));
      await until('it is ready', async () => (await body()).startsWith('0 '));
      const stopping = supervisord.ctl('reload');
      await until('it says so', async () => /^111 SupervisorBadReply .*SHUTDOWN_STATE\)\n$/.test(await body()));
      writeFileSync(go, '');
      await stopping;
      await until('it is ready again', async () => (await body()).startsWith('0 '));
    });
  });
}
