import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { run } from '../../support/run.ts';
import { scratchDirectory } from '../../support/scratch.ts';

const text = readFileSync(join(import.meta.dirname, '../../../examples/compose.yaml'), 'utf8');

test('examples/compose.yaml is valid for Compose, and starts the frontend when the backend is ready', async (t) => {
  const file = join(scratchDirectory(t), 'compose.yaml');
  /** Compose has a schema, which refuses unknown fields. */
  const check = (compose: string) => {
    writeFileSync(file, compose);
    return run('docker-compose', ['--file', file, 'config', '--quiet']);
  };
  const { code, stderr } = await check(text);
  assert.equal(code, 0, stderr);
  assert.notEqual((await check(text.replace('service_healthy', 'service_ready'))).code, 0);
  assert.notEqual((await check(text.replace('start_period', 'startPeriod'))).code, 0);

  const { frontend, backend } = parse(text).services;
  assert.deepEqual(frontend.depends_on, { backend: { condition: 'service_healthy' } });
  assert.deepEqual(backend.build, { context: '..', dockerfile: 'examples/Dockerfile', target: 'debian' });
  // The check itself is the image's.
  assert.deepEqual(backend.healthcheck, { start_period: '5m' });
});
