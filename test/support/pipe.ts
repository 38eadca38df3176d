import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';
import { type Context, cleanUp, scratchDirectory } from './scratch.ts';

/** A pipe that is full and never read. The caller closes its end. */
export async function fullPipe(t: Context): Promise<number> {
  const fifo = join(scratchDirectory(t), 'fifo');
  await run('mkfifo', [fifo]);
  const full = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  cleanUp(t, () => closeSync(full));
  for (const bytes of [4096, 1]) {
    assert.throws(() => {
      for (;;) writeSync(full, Buffer.alloc(bytes));
    }, /EAGAIN/);
  }
  return openSync(fifo, constants.O_WRONLY);
}
