import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { EventParser } from '../../daemon/supervisor/event-parser.ts';
import { eventText, ofProcess } from '../support/events.ts';

const parse = (...chunks: (string | Buffer)[]) => {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.push(Buffer.from(chunk)));
};

const exited = eventText('PROCESS_STATE_EXITED', 7, ofProcess('start', 'from_state:RUNNING expected:1 pid:12'));

suite('event parser', () => {
  test('reads an event', () => {
    assert.deepEqual(
      parse(exited).map((event) => (event === 'garbage' ? event : { ...event, fields: { ...event.fields } })),
      [
        {
          name: 'PROCESS_STATE_EXITED',
          poolSerial: 7,
          fields: { processname: 'start', groupname: 'start', from_state: 'RUNNING', expected: '1', pid: '12' },
        },
      ],
    );
  });

  test('reads events cut anywhere, and knows whether one is whole', () => {
    const text = exited + eventText('TICK_60', 8, 'when:60') + eventText('SUPERVISOR_STATE_CHANGE_STOPPING', 9);
    const whole = parse(text);
    assert.deepEqual(
      whole.map((event) => event !== 'garbage' && event.name),
      ['PROCESS_STATE_EXITED', 'TICK_60', 'SUPERVISOR_STATE_CHANGE_STOPPING'],
    );
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new EventParser();
      const found = parser.push(Buffer.from(text.slice(0, cut)));
      const ends = [exited.length, exited.length + eventText('TICK_60', 8, 'when:60').length, text.length];
      assert.equal(parser.isBetweenEvents, cut === 0 || ends.includes(cut), String(cut));
      assert.deepEqual([...found, ...parser.push(Buffer.from(text.slice(cut)))], whole);
    }
  });

  test('accepts blanks in the identifier and in the name of the pool', () => {
    const [event] = parse('ver:3.0 server:my own one serial:1 pool:a b poolserial:2 eventname:TICK_60 len:0\n');
    assert.ok(event !== 'garbage' && event?.poolSerial === 2);
  });

  test('finds the next event after a payload counted in characters, as supervisord counts', () => {
    // 15 characters, 19 bytes.
    const group = 'groupname:ÄÖÜß\n';
    const counted = `ver:3.0 server:s serial:1 pool:p poolserial:1 eventname:PROCESS_GROUP_ADDED len:${group.length}\n${group}`;
    assert.deepEqual(
      parse(counted, exited).map((event) => (event === 'garbage' ? event : event.name)),
      ['PROCESS_GROUP_ADDED', 'garbage', 'PROCESS_STATE_EXITED'],
    );
    const process = ofProcess('Übergang', 'from_state:RUNNING expected:1 pid:12');
    const [event] = parse(`ver:3.0 server:s serial:1 pool:p poolserial:1 eventname:PROCESS_STATE_EXITED len:${process.length}\n${process}`);
    assert.ok(event !== 'garbage' && event?.fields['processname'] === 'Übergang' && event.fields['groupname'] === 'Übergang');
  });

  test('calls a line that is no header garbage, and goes on', () => {
    for (const line of ['hello', 'ver:3.0', exited.split('\n')[0]?.replace('len:', 'len:x'), 'x'.repeat(5000)]) {
      const found = parse(`${line}\n${exited}`);
      assert.equal(found[0], 'garbage', line);
      assert.ok(found.at(-1) !== 'garbage', line);
    }
  });

  test('keeps little of a long input, and drops what follows much garbage', () => {
    const long = eventText('PROCESS_LOG_STDOUT', 1, `${ofProcess('start')}\n${'x'.repeat(1_000_000)}`);
    const [event, ...others] = parse(
      ...Array.from({ length: 20 }, (_, index) => (long + exited).slice(index * 60_000, (index + 1) * 60_000)),
    );
    assert.ok(event !== 'garbage' && event?.fields['processname'] === 'start');
    assert.equal(others.length, 1);
    const parser = new EventParser();
    assert.equal(parser.push(Buffer.from('y\n'.repeat(30_000))).length, 16);
    assert.equal(parser.push(Buffer.alloc(1_000_000)).length, 1);
    assert.equal(parser.push(Buffer.from(`\n${exited}`)).length, 1);
  });

  test('reads any input, and each event that stands alone', () => {
    const word = fc.stringMatching(/^[!-9;-~]{1,12}$/);
    const event = fc.record({ name: fc.stringMatching(/^\w{1,20}$/), serial: fc.nat(), fields: fc.dictionary(word, word) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 5 }), fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (events, cuts) => {
        const payload = (fields: Record<string, string>) =>
          Object.entries(fields)
            .map(([name, value]) => `${name}:${value}`)
            .join(' ');
        const bytes = Buffer.from(events.map(({ name, serial, fields }) => eventText(name, serial, payload(fields))).join(''));
        const parser = new EventParser();
        const found: ReturnType<EventParser['push']> = [];
        for (let at = 0; at < bytes.length; ) {
          const length = cuts.next().value ?? 1;
          found.push(...parser.push(bytes.subarray(at, at + length)));
          at += length;
        }
        assert.deepEqual(
          found.map((one) => (one === 'garbage' ? one : { ...one, fields: Object.entries(one.fields) })),
          events.map(({ name, serial, fields }) => ({ name, poolSerial: serial, fields: Object.entries(fields) })),
        );
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(Buffer.from(exited)))), (chunks) => {
        const parser = new EventParser();
        for (const chunk of chunks) parser.push(Buffer.from(chunk));
      }),
    );
  });
});
