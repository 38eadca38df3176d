import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { TestDaemon, watchVerdicts } from '../../support/daemon.ts';
import { freePort } from '../../support/port.ts';
import { statFieldsOf } from '../../support/process.ts';
import { cleanUp, scratchDirectory, until, writeScript } from '../../support/scratch.ts';
import { TestSupervisord } from '../../support/supervisord.ts';

const once = 'startsecs=0\nautorestart=false\n';

interface Scene {
  readonly supervisord: TestSupervisord;
  readonly daemon: TestDaemon;
  /** start.sh's directory. */
  readonly directory: string;
  /** Makes the start.sh of the scene exit with a code. */
  readonly finish: (code: number) => void;
}

/** A supervisord with a start.sh that ends when told, and a daemon that watches it. `START` is the script's path. */
async function scene(t: TestContext, programs: string, settings: Record<string, string> = {}): Promise<Scene> {
  const directory = scratchDirectory(t);
  const script = startScript(directory);
  const supervisord = await TestSupervisord.start(t, programs.replaceAll('START', script));
  const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url, ...settings });
  return { supervisord, daemon, directory, finish: (code) => writeFileSync(join(directory, 'end'), `${code}`) };
}

function startScript(directory: string): string {
  const end = join(directory, 'end');
  return writeScript(join(directory, 'start.sh'), `while ! [ -s ${end} ]; do sleep 0.02; done\nexit "$(cat ${end})"`);
}

suite('start', { concurrency: 8 }, () => {
  test('passes when supervisord has no start program', async (t) => {
    const { daemon } = await scene(t, '[program:other]\ncommand=sleep 1000');
    assert.equal(await daemon.expect(/^0 /), '0 Ready nothing to check: start skipped, hook skipped\n');
  });

  for (const [title, section] of [
    ['a program called start', `[program:start]\ncommand=START\n${once}`],
    ['a program called start.sh', `[program:start.sh]\ncommand=START\n${once}`],
    ['a program called start with another command', `[program:start]\ncommand=/bin/sh -c "START; exit $?"\n${once}`],
    ['one in a group', `[group:x]\nprograms=start\n[program:start]\ncommand=START\n${once}`],
    ['one that bash runs with arguments', `[program:init]\ncommand=/bin/bash START -v\n${once}`],
    ['one behind wrappers', `[program:init]\ncommand=flock /dev/null nice -n 1 env -S "START -x"\n${once}`],
    [
      'copies of start in a group',
      `[group:boot]\nprograms=start\n[program:start]\ncommand=/bin/sh -c "exec START"\nnumprocs=2\nprocess_name=%(program_name)s_%(process_num)02d\n${once}`,
    ],
    ['a quoted command', `[program:init]\ncommand="START" "an argument"\n${once}`],
    ['copies of one program', `[program:init]\ncommand=START\nnumprocs=2\nprocess_name=%(program_name)s_%(process_num)d\n${once}`],
    ['copies of start', `[program:start]\ncommand=/bin/sh -c "exec START"\nnumprocs=2\nprocess_name=%(process_num)d\n${once}`],
  ] as const) {
    test(`waits for ${title}`, async (t) => {
      const { daemon, finish } = await scene(t, section);
      await daemon.expect(
        /^2 StartNotFinished start\.sh \(program ".+"\) is running( \(recognised by its command; .*READINESSD_START_PROGRAMS\))?\n$/,
      );
      const watch = watchVerdicts(daemon);
      finish(0);
      await daemon.expect(/^0 Ready start passed, hook skipped\n$/);
      const codes = (await watch.stop()).map((line) => line.split(' ')[0]);
      // With events it may be ready before anybody has watched.
      assert.match(codes.join(), /^(2,)*[02]$/);
    });
  }

  for (const command of [
    'tail -f /var/log/start.sh.log',
    '/bin/sh -c "while :; do echo start.sh.bak restart.sh; sleep 1; done"',
    'sleep 1000',
  ]) {
    test(`does not take ${command} for it`, async (t) => {
      const { daemon } = await scene(t, `[program:restart]\ncommand=${command}\n[program:start-foo]\ncommand=${command}`);
      assert.match(await daemon.expect(/^0 /), /start skipped/);
      assert.match((await daemon.aWholeCycle()).message, /start skipped/);
    });
  }

  for (const [title, command] of [
    ['at once', 'true'],
    ['in 50 ms', '/bin/sh -c "sleep 0.05"'],
    ['in 1.5 s', '/bin/sh -c "sleep 1.5"'],
  ] as const) {
    test(`is never ready while autorestart=true runs it again and again, though it exits with code 0 ${title}`, async (t) => {
      const { daemon, supervisord } = await scene(t, `[program:start]\ncommand=${command}\nstartsecs=0\nautorestart=true`);
      await daemon.expect(/^2 StartNotFinished /);
      const watch = watchVerdicts(daemon);
      await until('it has run many times, and been looked at as often', async () => {
        await daemon.post('/check');
        const runs = supervisord.log().match(/exited: start/g)?.length ?? 0;
        return runs > 4 && (await daemon.status()).cycles > 60;
      });
      assert.deepEqual(
        (await watch.stop()).filter(
          (line) => !/^2 StartNotFinished start\.sh \(program "start"\) (is running|exited with code 0: checking)/.test(line),
        ),
        [],
      );
      supervisord.configure(`[program:start]\ncommand=${command}\n${once}`);
      await supervisord.ctl('reread');
      // supervisord may start it again between the update's stop and its removal, and then refuses the removal.
      await until('it is updated', async () => (await supervisord.ctl('update')).stdout.includes('updated process group'));
      await daemon.expect(/^0 Ready start passed/);
    });
  }

  test('says the code that it exited with', async (t) => {
    const { daemon, finish } = await scene(t, `[program:start]\ncommand=START\nexitcodes=0,3\n${once}`);
    finish(3);
    assert.equal(await daemon.expect(/^112 /), '112 StartFailed start.sh (program "start") exited with code 3\n');
  });

  test('says that a signal killed it', async (t) => {
    const { daemon, supervisord } = await scene(t, `[program:start]\ncommand=START\n${once}`);
    await daemon.expect(/^2 /);
    await supervisord.ctl('signal', 'KILL', 'start');
    assert.equal(await daemon.expect(/^112 /), '112 StartFailed start.sh (program "start") was killed by a signal\n');
  });

  test('names startsecs=0 when a success counts as a failed start', async (t) => {
    const program = (retries: number) => `[program:start]\ncommand=START\nautostart=false\nautorestart=false\nstartretries=${retries}`;
    const { daemon, supervisord, finish, directory } = await scene(t, program(1_000_000));
    finish(0);
    await daemon.expect(/^2 .*has not been started/);
    const watch = watchVerdicts(daemon);
    await supervisord.ctl('start', 'start');
    // BACKOFF comes back, each time for a second longer. A few retries might be over before anybody has looked.
    await daemon.expect(/^2 StartNotFinished .*BACKOFF.*startsecs=0\n$/);
    supervisord.configure(program(0).replace('START', startScript(directory)));
    await supervisord.ctl('update');
    await supervisord.ctl('start', 'start');
    await daemon.expect(/^113 StartFatal .*exit code not known.*startsecs=0/);
    assert.deepEqual(
      (await watch.stop()).filter((line) => line.startsWith('0 ')),
      [],
    );
  });

  test("gives supervisord's own reason when the command does not exist", async (t) => {
    const { daemon } = await scene(t, '[program:start]\ncommand=/no/such/start.sh\nstartretries=0\nstartsecs=0');
    assert.match(await daemon.expect(/^113 /), /StartFatal .*can't find command '\/no\/such\/start\.sh'\n$/);
  });

  test('is not finished while it was never started', async (t) => {
    const { daemon, supervisord, finish } = await scene(t, `[program:start]\ncommand=START\nautostart=false\n${once}`);
    await daemon.expect(/^2 StartNotFinished .*has not been started\n$/);
    finish(0);
    await supervisord.ctl('start', 'start');
    await daemon.expect(/^0 /);
  });

  test('is stopped after it was stopped midway, and good after it ran again', async (t) => {
    const { daemon, supervisord, finish } = await scene(t, `[program:start]\ncommand=START\n${once}`);
    await daemon.expect(/^2 /);
    await supervisord.ctl('stop', 'start');
    await daemon.expect(/^115 StartStopped .*supervisorctl start start/);
    finish(0);
    await supervisord.ctl('start', 'start');
    await daemon.expect(/^0 /);
  });

  test('waits for all of several, and reports the worst', async (t) => {
    const good = `[program:start]\ncommand=true\n${once}\n[program:init]\ncommand=START\n${once}\n`;
    const { daemon, supervisord, finish } = await scene(t, `${good}[program:bad]\ncommand=/no/start.sh\nstartretries=0`);
    await daemon.expect(/^113 .*program "bad"/);
    await supervisord.ctl('stop', 'init');
    assert.match((await daemon.aWholeCycle()).message, /program "bad"/);
    await supervisord.ctl('start', 'init');
    supervisord.configure(`[program:start]\ncommand=true\n${once}\n[program:init]\ncommand=/reread/start.sh\n${once}`);
    await supervisord.ctl('reread');
    await supervisord.ctl('remove', 'bad');
    await daemon.expect(/^2 .*program "init"/);
    finish(0);
    await daemon.expect(/^0 /);
  });

  test('keeps waiting when a reread removed its section and it still runs', async (t) => {
    const { daemon, supervisord, finish } = await scene(t, `[program:init]\ncommand=START\n${once}`);
    await daemon.expect(/^2 /);
    const watch = watchVerdicts(daemon);
    supervisord.configure('[program:other]\ncommand=sleep 1000');
    await supervisord.ctl('reread');
    await supervisord.ctl('add', 'other');
    await until('the new program was seen', async () => (await daemon.aWholeCycle()).code === 2);
    assert.deepEqual(
      (await watch.stop()).map((line) => line.split(' ')[0]),
      ['2'],
    );
    finish(0);
    await daemon.expect(/^0 Ready start passed/);
  });

  test('says so when a daemon that has just started cannot know what a program runs', async (t) => {
    const { supervisord } = await scene(t, `[program:init]\ncommand=START\n${once}`);
    supervisord.configure('');
    await supervisord.ctl('reread');
    const late = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url });
    await late.expect(/^114 StartUnknown program "init" .*supervisorctl update/);
    supervisord.configure('[program:init]\ncommand=sleep 1000');
    await supervisord.ctl('reread');
    await late.aWholeCycle();
    await late.expect(/^114 StartUnknown program "init" /);
    supervisord.configure('');
    await supervisord.ctl('update');
    await late.expect(/^0 Ready nothing to check: start skipped/);
  });

  test('is never ready while an update replaces it', async (t) => {
    const { daemon, supervisord } = await scene(t, `[program:init]\ncommand=START\nstopwaitsecs=1\n${once}`);
    await daemon.expect(/^2 /);
    const watch = watchVerdicts(daemon);
    const again = startScript(scratchDirectory(t));
    supervisord.configure(`[program:init]\ncommand=/bin/sh ${again}\n${once}`);
    await supervisord.ctl('update');
    await daemon.aWholeCycle();
    const seen = await watch.stop();
    assert.deepEqual(
      seen.filter((line) => !/^(2|115) /.test(line)),
      [],
    );
    assert.match(seen.at(-1) ?? '', /^2 /);
  });

  test('notices that an update makes a program with an unchanged name run start.sh', async (t) => {
    const { daemon, supervisord } = await scene(t, `[program:init]\ncommand=sleep 1000`, { READINESSD_PERIOD_READY: '2s' });
    await daemon.expect(/^0 Ready nothing to check: start skipped/);
    const script = writeScript(join(supervisord.directory, 'start.sh'), 'exit 4');
    supervisord.configure(`[program:init]\ncommand=${script}\n${once}`);
    await supervisord.ctl('update');
    await daemon.expect(/^112 .*exited with code 4/);
  });

  test('follows programs that an update adds and removes', async (t) => {
    const { daemon, supervisord } = await scene(t, '[program:other]\ncommand=sleep 1000');
    await daemon.expect(/^0 Ready nothing to check: start skipped/);
    supervisord.configure(`[program:other]\ncommand=sleep 1000\n[program:start]\ncommand=sleep 1000\n`);
    await supervisord.ctl('update');
    await daemon.expect(/^2 /);
    supervisord.configure('[program:other]\ncommand=sleep 1000');
    await supervisord.ctl('update');
    await daemon.expect(/^0 Ready nothing to check: start skipped/);
  });

  test('that a reread adds to a loaded group, or makes one more copy of, is not finished', async (t) => {
    const group = (numprocs: number, more = '') =>
      `[group:boot]\nprograms=web,init${more}\n[program:web]\ncommand=sleep 1000\n` +
      `[program:init]\ncommand=/bin/sh START\nnumprocs=${numprocs}\nprocess_name=%(program_name)s_%(process_num)d\n${once}`;
    const { daemon, supervisord, finish } = await scene(t, group(1));
    finish(0);
    await daemon.expect(/^0 /);
    const [, script = ''] = /^command=\/bin\/sh (.*)$/m.exec(supervisord.configuration()) ?? [];
    supervisord.configure(group(2).replaceAll('START', script));
    await supervisord.ctl('reread');
    await daemon.expectChecked(/^2 StartNotFinished .*"boot:init_1".* not loaded/);
    supervisord.configure(group(1).replaceAll('START', script));
    await supervisord.ctl('reread');
    await daemon.expectChecked(/^0 /);
    supervisord.configure(`${group(1, ',more').replaceAll('START', script)}[program:more]\ncommand=/x/start.sh\nautostart=false\n`);
    await supervisord.ctl('reread');
    await daemon.expectChecked(/^2 StartNotFinished .*"boot:more".* not loaded/);
  });

  test('that a reread puts in the place of another program is not what runs there, even when that runs again', async (t) => {
    const { daemon, supervisord } = await scene(t, `[program:job]\ncommand=true\n${once}`);
    await daemon.expect(/^0 Ready nothing to check: start skipped/);
    supervisord.configure(`[program:job]\ncommand=/bin/sh -c "true /x/start.sh"\n${once}`);
    await supervisord.ctl('reread');
    await daemon.expectChecked(/^2 StartNotFinished .*perhaps not loaded/);
    const watch = watchVerdicts(daemon);
    await supervisord.ctl('start', 'job');
    await daemon.aWholeCycle();
    assert.deepEqual(
      (await watch.stop()).filter((line) => !/^2 /.test(line)),
      [],
    );
    await supervisord.ctl('update');
    await daemon.expect(/^0 Ready start passed/);
  });

  test('whose name another section also has is never loaded', async (t) => {
    const section = (program: string, command: string) => `[program:${program}]\ncommand=${command}\nprocess_name=same\n${once}`;
    const { daemon } = await scene(t, `[group:x]\nprograms=a,b\n${section('a', '/x/start.sh')}${section('b', 'true')}`);
    await daemon.expect(/^2 StartNotFinished .*"x:same".* shares its group and process name with another section/);
    // Of two groups with the same name supervisord keeps the first by priority.
    const groups = `[program:foo]\ncommand=true\npriority=1\n${once}[group:foo]\nprograms=x\npriority=2\n[program:x]\ncommand=START\nprocess_name=foo\n${once}`;
    const other = await scene(t, groups);
    await other.daemon.expect(/^2 StartNotFinished .*"foo".* shares its group and process name with another section/);
  });

  test('is what READINESSD_START_PROGRAMS names, and nothing else', async (t) => {
    const programs = `[program:start]\ncommand=/x/start.sh\nautostart=false\n[program:init]\ncommand=START\n${once}`;
    const { daemon, supervisord, finish } = await scene(t, programs, { READINESSD_START_PROGRAMS: 'init' });
    await daemon.expect(/^2 StartNotFinished start\.sh \(program "init"\) is running\n$/);
    finish(0);
    await daemon.expect(/^0 Ready start passed/);
    const settings = { READINESSD_SUPERVISOR_URL: supervisord.url };
    await new TestDaemon(t, { ...settings, READINESSD_START_PROGRAMS: 'init,other' }).expect(
      /^2 .*READINESSD_START_PROGRAMS names other, /,
    );
    await new TestDaemon(t, { ...settings, READINESSD_START_PROGRAMS: 'none' }).expect(/^0 Ready nothing to check: start skipped/);
  });

  test('is not finished while it is configured and not loaded', async (t) => {
    const { supervisord, finish } = await scene(t, '[program:other]\ncommand=sleep 1000');
    supervisord.configure(`[program:start]\ncommand=true\n${once}\n[program:other]\ncommand=sleep 1000`);
    await supervisord.ctl('reread');
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url });
    await daemon.expect(/^2 StartNotFinished .*configured but not loaded/);
    finish(0);
    await supervisord.ctl('update');
    await daemon.expect(/^0 Ready start passed/);
  });
});

suite('another program', { concurrency: 4 }, () => {
  test('may have control characters in its command', async (t) => {
    const { daemon, finish } = await scene(t, `[program:escape]\ncommand=sleep 1000 \x1b[1m\n[program:start]\ncommand=START\n${once}`);
    await daemon.expect(/^2 /);
    finish(0);
    await daemon.expect(/^0 Ready start passed/);
  });

  test('may have a number that supervisord cannot tell, which is 111 and says which number', async (t) => {
    const { daemon } = await scene(
      t,
      `[program:big]\ncommand=sleep 1000\nstdout_capture_maxbytes=2GB\n[program:start]\ncommand=START\n${once}`,
    );
    await daemon.expect(/^111 SupervisorBadReply .* HTTP 500: .*stdout_capture_maxbytes/);
  });
});

suite('supervisord', { concurrency: 4 }, () => {
  test('is unreachable while it is not there, and asked again when it is', async (t) => {
    const directory = scratchDirectory(t);
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: `unix://${directory}/no.sock` });
    assert.match(await daemon.expect(/^110 /), /^110 SupervisorUnreachable cannot ask supervisord at unix:\/\/.*no\.sock: no such file\n$/);
  });

  test('is unreachable while it is frozen, and right again afterwards', async (t) => {
    const { daemon, supervisord } = await scene(t, '[program:other]\ncommand=sleep 1000', { READINESSD_RPC_TIMEOUT: '1s' });
    await daemon.expect(/^0 /);
    supervisord.child.kill('SIGSTOP');
    await daemon.expectChecked(/^110 SupervisorUnreachable .*no whole answer within 1s\n$/);
    supervisord.child.kill('SIGCONT');
    await daemon.expect(/^0 /);
  });

  test('is not believed when its answer came in time but the daemon was stopped before it read it', async (t) => {
    const path = join(scratchDirectory(t), 'fake.sock');
    const nothing = reply('<params><param><value><array><data></data></array></value></param></params>');
    let daemon: TestDaemon | undefined;
    let isHeld = false;
    const server = createServer((socket) =>
      socket
        .on('error', () => {})
        .on('data', () => {
          if (isHeld) daemon?.child.kill('SIGSTOP');
          isHeld = false;
          socket.write(nothing);
        }),
    );
    server.listen(path);
    cleanUp(t, () => server.close());
    daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: `unix://${path}`, READINESSD_RPC_TIMEOUT: '1s' });
    const { child, expect } = daemon;
    await expect(/^0 /);
    isHeld = true;
    await until('it is stopped', () => statFieldsOf(child.pid ?? 0)[0] === 'T');
    // The answer's time is over.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGCONT');
    await until('the late answer has not counted', () => daemon?.log().includes('"code":110'));
    await expect(/^0 /);
  });

  test('is believed when its clock is past 2038, which it can no longer tell', async (t) => {
    const env = { LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1', FAKETIME: '@2040-01-01 00:00:00', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    const supervisord = await TestSupervisord.start(t, `[program:start]\ncommand=true\n${once}`, { env });
    // Events show that supervisord does not restart it. Without them it takes ten looks, because times tell nothing.
    const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url }, undefined, { form: 'poll' });
    await daemon.expect(/^2 StartNotFinished .*exited with code 0: checking/);
    await daemon.expect(/^0 Ready start passed/);
    const again = await TestSupervisord.start(t, '[program:start]\ncommand=sleep 0.3\nstartsecs=0\nautorestart=true', { env });
    const never = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: again.url });
    await never.expect(/^2 /);
    const watch = watchVerdicts(never);
    await never.moreCycles(60);
    assert.deepEqual(
      (await watch.stop()).filter((line) => !line.startsWith('2 ')),
      [],
    );
  });

  test('is unreachable when it was killed, and right again when it is back', async (t) => {
    const { daemon, supervisord } = await scene(t, '[program:start]\ncommand=true\nstartsecs=0\nautorestart=false');
    await daemon.expect(/^0 /);
    supervisord.child.kill('SIGKILL');
    await daemon.expect(/^110 /);
    await supervisord.launch();
    await daemon.expect(/^0 /);
  });

  for (const where of ['on its socket', 'over TCP'] as const) {
    test(`asks for user and password ${where}`, async (t) => {
      const port = where === 'over TCP' ? { port: await freePort() } : {};
      // Its file has only a hash, so a daemon finds no password in it.
      const hash = `{SHA}${createHash('sha1').update('sec:ret').digest('hex')}`;
      const edit = (text: string) => text.replaceAll('sec:ret', hash);
      const supervisord = await TestSupervisord.start(t, '', { credentials: ['joe', 'sec:ret'], edit, ...port });
      const scheme = /^[a-z]+:\/\//.exec(supervisord.url)?.[0] ?? '';
      const place = supervisord.url.slice(scheme.length);
      const anonymous = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: supervisord.url });
      await anonymous.expect(/^111 SupervisorBadReply .*HTTP 401.*READINESSD_SUPERVISOR_PASSWORD/);
      const wrong = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: `${scheme}joe:mistake@${place}` });
      assert.doesNotMatch(await wrong.expect(/^111 /), /mistake/);
      const inUrl = new TestDaemon(t, { SUPERVISOR_SERVER_URL: `${scheme}joe:sec:ret@${place}` });
      await inUrl.expect(/^0 /);
      const asSettings = new TestDaemon(t, {
        READINESSD_SUPERVISOR_URL: supervisord.url,
        READINESSD_SUPERVISOR_USER: 'joe',
        READINESSD_SUPERVISOR_PASSWORD: 'sec:ret',
      });
      await asSettings.expect(/^0 /);
      assert.doesNotMatch(JSON.stringify(await asSettings.status()) + asSettings.log(), /sec:ret/);
    });
  }

  for (const [title, answer] of [
    ['garbage', 'what?\r\n\r\n'],
    ['an answer that is no XML', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    [
      'a document type',
      'HTTP/1.1 200 OK\r\nContent-Length: 75\r\n\r\n<!DOCTYPE x [<!ENTITY a "b">]><methodResponse><params><param><value>&a;</va',
    ],
    ['an answer that is cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<methodResponse>'],
    [
      'a fault',
      reply(
        '<fault><value><struct><member><name>faultCode</name><value><int>6</int></value></member><member><name>faultString</name><value><string>SHUTDOWN_STATE</string></value></member></struct></value></fault>',
      ),
    ],
    ['a value of another type', reply('<params><param><value><string>hello</string></value></param></params>')],
    [
      'structs that lack members',
      reply('<params><param><value><array><data><value><struct></struct></value></data></array></value></param></params>'),
    ],
    ['HTTP 500', 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'],
  ] as const) {
    test(`that answers with ${title} is never ready`, async (t) => {
      const path = join(scratchDirectory(t), 'fake.sock');
      const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(answer)));
      server.listen(path);
      cleanUp(t, () => server.close());
      const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: `unix://${path}` });
      const expected = title === 'garbage' ? /^11[01] / : /^111 SupervisorBadReply /;
      const body = await daemon.expect(expected);
      if (title === 'a fault') assert.match(body, /fault 6, SHUTDOWN_STATE/);
    });
  }
});

function reply(content: string): string {
  const body = `<?xml version="1.0"?><methodResponse>${content}</methodResponse>`;
  return `HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
