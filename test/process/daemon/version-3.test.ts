import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestDaemon } from '../../support/daemon.ts';
import { serveRpc } from '../../support/serve-rpc.ts';

/**
 * Answers of a supervisord from before they contained `command`: of its source's commit before 6e97e20b
 * (4.0.0-dev), the last that runs on Python 3. getAllConfigInfo has the same members in 3.4.0. Two programs
 * run a start.sh, `start` and `initialise`. Only the former has a name that shows it.
 */
const recorded = (name: string) => readFileSync(join(import.meta.dirname, 'recorded-3', `${name}.xml`));

test('supervisord 3, which tells no commands, is judged by the names of its programs', async (t) => {
  let processes = 'running';
  const url = await serveRpc(t, (asked) => recorded(asked.includes('getAllConfigInfo') ? 'configuration' : processes));
  const daemon = new TestDaemon(t, { READINESSD_SUPERVISOR_URL: url });
  await daemon.expect(/^2 StartNotFinished start\.sh \(program "start"\) is running/);
  processes = 'exited-3';
  await daemon.expect(/^112 StartFailed start\.sh \(program "start"\) exited with code 3/);
  assert.equal((await daemon.probe()).code, 112);
  processes = 'exited-0';
  await daemon.expect(/^0 Ready start passed, hook skipped/);
});
