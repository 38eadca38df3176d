import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { pictureOf } from '../../script/terminal-picture.ts';

suite("a terminal's picture", () => {
  test('shows every character in its colour, also when a line begins with a colour', () => {
    const picture = pictureOf('␛[32mREADY␛[0m  ␛[1m0 <Ready>␛[0m, since␛[K\r\r\n␛[2mdim␛[0m␛[K␛[J');
    const lines = [...picture.matchAll(/<text .*?>(.*)<\/text>/g)].map(([, line = '']) => line);
    assert.deepEqual(
      lines.map((line) => line.replaceAll(/<.*?>/g, '')),
      ['READY  0 &lt;Ready>, since', 'dim'],
    );
    assert.match(lines[0] ?? '', /^<tspan fill="#7ee787">READY<\/tspan> {2}<tspan font-weight="bold">0 &lt;Ready><\/tspan>, since$/);
  });
});
