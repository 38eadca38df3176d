import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestDaemon } from '../support/daemon.ts';
import { type Holdings, holdingsOf } from '../support/process.ts';
import { replaceFile, scratchDirectory, until, writeScript } from '../support/scratch.ts';
import { TestSupervisord } from '../support/supervisord.ts';

/** SOAK_MINUTES=60 is the long form. */
const minutes = Number(process.env['SOAK_MINUTES'] ?? 2);

/** 20 times the usual rate: a cycle each 500 ms while ready, and a probe each 250 ms instead of each 5 s. */
const settings = { READINESSD_PERIOD_READY: '500ms', READINESSD_PERIOD_NOT_READY: '100ms', READINESSD_RPC_TIMEOUT: '500ms' };
const probeEveryMs = 250;
const sampleEvery = 10;

test(`holds no more after ${minutes} minutes at 20 times the usual rate than at their beginning`, async (t) => {
  const directory = scratchDirectory(t);
  const code = join(directory, 'code');
  const say = (value: number) => replaceFile(code, String(value));
  say(0);
  writeScript(join(directory, 'hook'), `echo "all of it"; exit $(cat ${code})`);
  const programs = Array.from({ length: 20 }, (_, index) => `[program:p${index}]\ncommand=sleep 100000\n`).join('');
  const supervisord = await TestSupervisord.start(t, `[program:start]\ncommand=true\nstartsecs=0\nautorestart=false\n${programs}`);
  const daemon = new TestDaemon(t, { ...settings, READINESSD_SUPERVISOR_URL: supervisord.url }, directory);
  await daemon.expect(/^0 /);

  const samples: Holdings[] = [];
  const answers = new Map<number | null, number>();
  // Counts rounds and not time, so that a slow machine runs all of them too.
  for (let round = 0; round < (minutes * 60_000) / probeEveryMs; round++) {
    const nextAtMs = performance.now() + probeEveryMs;
    const { code: answer } = await daemon.probe();
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    // Every two minutes the hook fails, and every ten supervisord is frozen, each for some seconds.
    if (round % 480 === 100) say(17);
    if (round % 480 === 120) say(0);
    if (round % 2400 === 300) supervisord.child.kill('SIGSTOP');
    if (round % 2400 === 316) supervisord.child.kill('SIGCONT');
    if (round % 20 === 0) void daemon.post('/check').catch(() => {});
    if (round % sampleEvery === 0) {
      samples.push(holdingsOf(daemon.child.pid ?? 0));
      console.log(JSON.stringify({ seconds: Math.round((round * probeEveryMs) / 1000), ...samples.at(-1) }));
    }
    await until('the next probe is due', () => performance.now() >= nextAtMs);
  }
  supervisord.child.kill('SIGCONT');
  say(0);
  await daemon.expect(/^0 /);

  t.diagnostic(`answers ${JSON.stringify(Object.fromEntries(answers))}, cycles ${(await daemon.status()).cycles}`);
  assert.deepEqual(
    [...answers.keys()].filter((answer) => ![0, 17, 110, 103].includes(answer ?? -1)),
    [],
  );
  // The first fifth is the warm-up.
  const fifth = Math.floor(samples.length / 5);
  const [early, late] = [samples.slice(fifth, 2 * fifth), samples.slice(-fifth)].map(leasts) as [Holdings, Holdings];
  t.diagnostic(`early ${JSON.stringify(early)}`);
  t.diagnostic(`late  ${JSON.stringify(late)}`);
  assert.ok(late.privateDirtyKb < early.privateDirtyKb * 1.15 + 2000, 'private memory grows');
  assert.ok(late.rssKb < early.rssKb * 1.15 + 2000, 'resident memory grows');
  assert.ok(late.descriptors <= early.descriptors, 'descriptors grow');
  assert.equal(late.threads, early.threads);
  assert.ok(
    samples.every(({ zombies, children }) => zombies <= 1 && children <= 2),
    'processes are left',
  );
  assert.equal(late.zombies, 0);
});

/** The lowest figures are what it holds. The rest is garbage, or a running cycle. */
function leasts(samples: readonly Holdings[]): Holdings {
  const least = (pick: (sample: Holdings) => number) => Math.min(...samples.map(pick));
  return {
    rssKb: least((sample) => sample.rssKb),
    privateDirtyKb: least((sample) => sample.privateDirtyKb),
    descriptors: least((sample) => sample.descriptors),
    threads: least((sample) => sample.threads),
    children: least((sample) => sample.children),
    zombies: least((sample) => sample.zombies),
  };
}
