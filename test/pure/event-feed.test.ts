import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { EventFeed } from '../../daemon/supervisor/event-feed.ts';
import { eventText, FakePipes, ofProcess } from '../support/events.ts';

suite('event feed', () => {
  /** A feed on the test's own clock. It notes what it writes and what it reports, in order. */
  function feedOf(t: TestContext) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const clock = { nowMs: 1_000_000 };
    const log: string[] = [];
    const pipes = new FakePipes((text) => log.push(text));
    const feed = new EventFeed(() => clock.nowMs);
    feed.listen(pipes.input, pipes.output, {
      onEvent: ({ name, poolSerial }) => log.push(`${name} ${poolSerial}`),
      onBreak: (why) => log.push(why),
    });
    return {
      clock,
      log,
      pipes,
      feed,
      tick: (serial: number) => pipes.send(eventText('TICK_60', serial, 'when:60')),
      begin: () => pipes.send(eventText('PROCESS_STATE_STARTING', 0, ofProcess('readinessd'))),
    };
  }

  const answer = 'RESULT 2\nOKREADY\n';

  test('says that it is ready, and answers each event before it reports it', (t) => {
    const { log, pipes } = feedOf(t);
    pipes.send(eventText('TICK_60', 3, 'when:60') + eventText('TICK_60', 4, 'when:60'));
    assert.deepEqual(log, ['READY\n', answer, 'TICK_60 3', answer, 'TICK_60 4']);
  });

  test('reports that whatever was kept until this listener was RUNNING may be outdated', () => {
    for (const [own, expected] of [
      [{ name: 'readinessd', group: 'readinessd' }, [true, true, true, false]],
      [{ name: 'readinessd', group: 'other' }, [true, true, true, true]],
      [undefined, [false, false, false, false]],
    ] as const) {
      const pipes = new FakePipes(() => {});
      const seen: (boolean | undefined)[] = [];
      new EventFeed(() => 0, own).listen(pipes.input, pipes.output, {
        onEvent: (_event, mayBeOver) => seen.push(mayBeOver),
        onBreak: assert.fail,
      });
      const change = (state: string, program: string) => [`PROCESS_STATE_${state}`, ofProcess(program)];
      for (const [index, [name = '', payload = '']] of [
        change('STARTING', 'readinessd'),
        change('RUNNING', 'start'),
        change('RUNNING', 'readinessd'),
        change('STARTING', 'start'),
      ].entries())
        pipes.send(eventText(name, index + 1, payload));
      assert.deepEqual(seen, expected);
    }
  });

  test('flows from the first start that it hears of until nothing has come for 75 s, and says so once', (t) => {
    const { clock, log, feed, tick, begin } = feedOf(t);
    assert.deepEqual([feed.state, feed.flows(), feed.silentForMs], ['waiting', false, undefined]);
    clock.nowMs += 1_000_000;
    feed.watch();
    begin();
    tick(1);
    assert.deepEqual([feed.state, feed.flows(), feed.silentForMs, feed.count], ['flowing', true, 0, 2]);
    clock.nowMs += 75_000;
    feed.watch();
    assert.equal(feed.state, 'flowing');
    log.length = 0;
    clock.nowMs += 1;
    for (let i = 0; i < 3; i++) feed.watch();
    assert.deepEqual([feed.state, feed.flows(), log], ['stopped', false, ['none came for 75 s']]);
    tick(2);
    feed.watch();
    assert.deepEqual([feed.state, log.slice(1)], ['flowing', [answer, 'TICK_60 2']]);
    clock.nowMs += 80_000;
    feed.watch();
    assert.deepEqual(log.slice(3), ['none came for 75 s']);
  });

  test('reports a break where the serial number of the pool skips or repeats', (t) => {
    for (const [serial, isBreak] of [
      [6, false],
      [7, true],
      [5, true],
      [4, true],
      [0, true],
    ] as const) {
      const { log, tick } = feedOf(t);
      tick(5);
      log.length = 0;
      tick(serial);
      assert.deepEqual(log, [answer, ...(isBreak ? ['some were lost'] : []), `TICK_60 ${serial}`], String(serial));
      log.length = 0;
      tick(serial + 1);
      assert.deepEqual(log, [answer, `TICK_60 ${serial + 1}`]);
      t.mock.timers.reset();
    }
  });

  test('reports garbage, neither answers nor counts it, and goes on', (t) => {
    const { log, pipes, feed, tick } = feedOf(t);
    pipes.send('hello\n');
    tick(1);
    assert.deepEqual(log, ['READY\n', 'what came on stdin is no event', answer, 'TICK_60 1']);
    assert.equal(feed.count, 1);
  });

  test('has stopped for good when stdin is closed, and says so once', (t) => {
    const { log, pipes, feed, begin } = feedOf(t);
    begin();
    pipes.end();
    pipes.end();
    feed.watch();
    assert.deepEqual([feed.state, feed.flows(), log.slice(3)], ['stopped', false, ['stdin was closed']]);
  });

  test('does not flow when only ticks come, as when the section asks for nothing else', (t) => {
    const { clock, log, feed, tick } = feedOf(t);
    for (let serial = 1; serial < 5; serial++) {
      tick(serial);
      clock.nowMs += 60_000;
      feed.watch();
      assert.deepEqual([feed.state, feed.flows()], ['waiting', false]);
    }
    assert.equal(log.includes('none came for 75 s'), false);
  });

  test('is quiet since a mark only when nothing at all has come, and everything before was answered', (t) => {
    const { clock, feed, pipes, begin } = feedOf(t);
    assert.ok(!feed.isQuietSince(feed.mark()));
    begin();
    const mark = feed.mark();
    assert.ok(feed.isQuietSince(mark));
    // The beginning of an event.
    const [header = '', payload = ''] = eventText('TICK_60', 1, 'when:60').split('\n');
    pipes.send(`${header}\n`);
    assert.ok(!feed.isQuietSince(mark) && !feed.isQuietSince(feed.mark()));
    pipes.send(payload);
    assert.ok(!feed.isQuietSince(mark) && feed.isQuietSince(feed.mark()));
    // supervisord has not read the answer.
    pipes.unreadBytes = 16;
    const unread = feed.mark();
    pipes.unreadBytes = 0;
    assert.ok(!feed.isQuietSince(unread));
    const last = feed.mark();
    clock.nowMs += 75_001;
    assert.ok(!feed.isQuietSince(last));
  });

  test('answers thousands of events no faster than the processor should be busy with them', (t) => {
    const { clock, log, feed, tick } = feedOf(t);
    let serial = 0;
    // Like supervisord: sends the next event only when the last one is answered.
    const flood = () => {
      for (let answers = -1; answers < log.filter((line) => line === answer).length; ) {
        answers = log.filter((line) => line === answer).length;
        tick(++serial);
        if (serial % 200 === 0) log.splice(0, log.length, ...log.filter((line) => line === answer));
      }
    };
    flood();
    assert.equal(serial, 2000);
    assert.equal(Number.isNaN(feed.mark()), true);
    for (let ms = 0; ms < 3000; ms += 5) {
      clock.nowMs += 5;
      t.mock.timers.tick(5);
      flood();
    }
    assert.equal(serial > 2000 + 3 * 150 && serial <= 2000 + 3 * 301, true, String(serial));
    assert.equal(log.includes('some were lost'), false);
  });

  test('ignores what comes before an answer, and large input that is no event', (t) => {
    const { clock, log, pipes, feed, tick, begin } = feedOf(t);
    begin();
    for (let i = 0; i < 200; i++) pipes.send('hello\n');
    log.length = 0;
    pipes.send('hello\n'.repeat(10_000));
    assert.deepEqual(log, ['what came on stdin is no event']);
    // It goes on with a real event.
    clock.nowMs += 20_000;
    tick(1);
    assert.equal(feed.state, 'flowing');
  });

  test('does not flow after anything odd until an event comes that follows the last', (t) => {
    for (const odd of [
      'hello\n',
      eventText('TICK_60', 7, 'when:1'),
      eventText('TICK_60', 0, 'when:1'),
      'ver:3.0 server:s serial:1 pool:p poolserial:1 eventname:X len:99999999\n',
    ]) {
      const { pipes, feed, tick, begin } = feedOf(t);
      begin();
      const mark = feed.mark();
      pipes.send(odd);
      assert.deepEqual([feed.state, feed.isQuietSince(mark), Number.isNaN(feed.mark())], ['waiting', false, true], odd);
      const last = /poolserial:(7|0) /.exec(odd)?.[1] ?? '0';
      tick(Number(last) + 1);
      assert.deepEqual([feed.state, Number.isNaN(feed.mark())], ['flowing', false], odd);
      t.mock.timers.reset();
    }
  });

  test('does not flow beside other processes of its own pool, because each hears only a part', () => {
    const states = [
      { name: 'readinessd', group: 'readinessd' },
      { name: 'readinessd_00', group: 'readinessd' },
    ].map((own) => {
      const feed = new EventFeed(() => 0, own);
      const pipes = new FakePipes(() => {});
      feed.listen(pipes.input, pipes.output, { onEvent() {}, onBreak() {} });
      pipes.send(eventText('PROCESS_STATE_STARTING', 0, ofProcess('readinessd')));
      return feed.state;
    });
    assert.deepEqual(states, ['flowing', 'waiting']);
  });
});
