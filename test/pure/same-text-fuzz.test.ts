import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ProcessInfo } from '../../daemon/supervisor/client.ts';
import { rememberProcesses } from '../../daemon/supervisor/same-text.ts';
import { readResponse } from '../../daemon/supervisor/xml-rpc.ts';
import { Random } from '../support/fuzz/random.ts';
import { historySeed, isLong } from '../support/long.ts';

const cases = isLong ? 100_000 : 2000;

type Members = Record<string, string>;

/** In the order in which supervisord 4 writes them. */
const order = [
  ...['name', 'group', 'start', 'stop', 'now', 'state', 'statename', 'spawnerr', 'exitstatus'],
  ...['logfile', 'stdout_logfile', 'stderr_logfile', 'pid', 'description'],
];
const numbers = ['start', 'stop', 'now', 'state', 'exitstatus', 'pid'];
const kept = order.filter((name) => !['statename', 'logfile', 'description'].includes(name));

const texts = [
  ...['', 'a', 'now', '100', 'pid 7, uptime 0:00:01', 'pid 7, uptime 1 day, 0:00:01', 'Nov 26 10:00 AM', 'é', '\n'],
  ...['&lt;name&gt;now&lt;/name&gt;', 'a &amp; b', ']', ']]&gt;', '\u0001', '&#13;', 'Exited too quickly (process log may have details)'],
];

const member = (name: string, value: string) => `<member>\n<name>${name}</name>\n<value>${value}</value>\n</member>\n`;

const fragments = [
  ...[member('now', '<int>5</int>'), member('n&#111;w', '<int>6</int>'), member('now', '<double>7</double>'), member('now', 'x')],
  ...[member('description', '<string>z</string>'), '<name>now</name>\n<value><int>', '<name>description</name>\n<value><string>'],
  ...['<value><struct>', '</struct></value>\n', '</string>', '<string/>', '<nil/>', '<int>', ']]>', ']', '&amp;', '&#0;', '&nbsp;'],
  ...['\r\n', '\r', '\n', ' ', '9', '0'.repeat(16), '+1', '-1', '\ufeff'],
];

function answer(processes: readonly Members[], names: readonly string[]): string {
  const value = (name: string, of: string) => (numbers.includes(name) ? `<int>${of}</int>` : `<string>${of}</string>`);
  const struct = (members: Members) => names.map((name) => member(name, value(name, members[name] ?? ''))).join('');
  const data = processes.map((members) => `<value><struct>\n${struct(members)}</struct></value>\n`).join('');
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n${data}</data></array></value>\n</param>\n</params>\n</methodResponse>\n`;
}

function fill(random: Random, members: Members, names: readonly string[]): void {
  for (const name of names)
    members[name] = numbers.includes(name) ? String(random.pick([0, 1, 7, 20, 100, 1_700_000_000])) : random.pick(texts);
}

/** A series of answers. Each is the one before with a change. */
function* answers(random: Random): Generator<string> {
  const processes = random.list(3, (): Members => ({}));
  for (const members of processes) fill(random, members, order);
  const names = [...order];
  if (random.oneIn(4)) names.sort(() => random.int(3) - 1);
  if (random.oneIn(4)) names.push(random.pick(['now', 'description']));
  let text = answer(processes, names);
  for (let left = 6; left > 0; left--) {
    const choice = Math.max(0, random.int(12) - 4);
    if (choice < 3) for (const members of processes) fill(random, members, ['now', 'description']);
    if (choice === 3 && processes.length > 0) fill(random, random.pick(processes), [random.pick(order)]);
    if (choice <= 3) text = answer(processes, names);
    if (choice === 4) text = random.mutate(text, fragments);
    if (choice === 5 || choice === 6) text = insertMember(random, text);
    if (choice === 7) text = text.replace(/\d+/g, (digits) => (random.oneIn(8) ? String(random.int(200)) : digits));
    // Without lone surrogates, which no UTF-8 decoder returns.
    yield Buffer.from(text).toString();
  }
}

function insertMember(random: Random, text: string): string {
  const lines = text.split('</member>\n');
  const at = random.int(lines.length);
  return [...lines.slice(0, at), random.pick(fragments).replace(/<\/member>\n$/, ''), ...lines.slice(at)].join('</member>\n');
}

function outcome(read: () => readonly ProcessInfo[]): unknown {
  try {
    return read().map((info) => ({ ...info }));
  } catch (error) {
    return (error as Error).message;
  }
}

suite('fuzz: answers that are almost like the one before', () => {
  test(`are read as if there had been none before: seed ${historySeed}`, () => {
    let [compared, read] = [0, 0];
    for (let index = 0; index < cases; index++) {
      let isReadAnew = false;
      const plain = (text: string) => readResponse(text, kept) as unknown as ProcessInfo[];
      const remembered = rememberProcesses((text) => {
        isReadAnew = true;
        return plain(text);
      });
      let before = '';
      for (const text of answers(new Random(historySeed, index))) {
        isReadAnew = false;
        const got = outcome(() => remembered(text));
        const wanted = outcome(() => plain(text));
        assert.deepEqual(got, wanted, `seed ${historySeed}, index ${index}: ${JSON.stringify([before, text])}`);
        if (!isReadAnew) compared++;
        if (typeof wanted !== 'string') read++;
        before = text;
      }
    }
    assert.ok(compared > cases / 4 && read > 2 * cases, `of ${6 * cases} ${read} were read, ${compared} by comparing`);
  });
});
