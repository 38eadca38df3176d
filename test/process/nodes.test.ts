import assert from 'node:assert/strict';
import { delimiter, join } from 'node:path';
import { suite, test } from 'node:test';
import { nodeRoot, nodeVersions } from '../support/cache.ts';
import { isLong } from '../support/long.ts';
import { run } from '../support/run.ts';

/** What the clients do, and that the daemon starts and answers. --long adds the rest of its tests. */
const contract = ['client/contract', 'daemon/launcher'];
const more = ['daemon/lifecycle', 'daemon/under-supervisord', 'daemon/http', 'daemon/tcp', 'daemon/metrics', 'faults/daemon', 'histories'];

suite('the built tree keeps its contract', { concurrency: 1 }, () => {
  for (const version of nodeVersions) {
    test(`on Node ${version}`, async () => {
      const node = join(nodeRoot(version), 'usr/local/bin/node');
      // The tests start the node that is in PATH. They are a run of their own, so the runner's variable must go.
      const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
      const env = { ...inherited, PATH: [join(node, '..'), process.env['PATH']].join(delimiter) };
      const files = [...contract, ...(isLong ? more : [])].map((name) => join(import.meta.dirname, `${name}.test.ts`));
      const options = ['--import', 'tsx', '--test', '--test-concurrency=1', '--test-reporter=tap'];
      assert.equal((await run('node', ['--version'], { env })).stdout, `v${version}\n`);
      const { code, stdout } = await run(node, [...options, ...files], { env, timeout: (isLong ? 60 : 15) * 60_000 });
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^# pass [1-9]\d\d/m);
      assert.doesNotMatch(stdout, /^# (cancelled|skipped|todo) [1-9]/m);
    });
  }
});
