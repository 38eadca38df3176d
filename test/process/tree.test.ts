import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { HistorySchema, StatusSchema } from '../../shared/api.ts';
import { lib, tree } from '../support/scratch.ts';

suite('the built tree', () => {
  test('has the schemas of the API in no bundle: only their types are used at run time', () => {
    const fields: object[] = Object.values({ ...StatusSchema.properties, ...HistorySchema.properties });
    const descriptions = fields.map((field) => ('description' in field ? String(field.description) : ''));
    assert.ok(descriptions.every((description) => description.length > 5));
    for (const file of ['daemon.cjs', 'readinessctl.cjs', 'readiness_probe.cjs']) {
      const bundle = readFileSync(join(lib, file), 'utf8');
      assert.ok(bundle.length > 1000, file);
      // Short ones may be words of other texts.
      const found = descriptions.filter((description) => description.length > 20 && bundle.includes(description));
      assert.deepEqual(found, [], file);
    }
  });

  test('has supervisor.conf.example as its program entry', () => {
    const example = readFileSync(join(import.meta.dirname, '../../supervisor.conf.example'), 'utf8');
    assert.equal(readFileSync(join(tree, 'etc/supervisor/conf.d/readinessd.conf'), 'utf8'), example);
  });

  test('has the licences of what its bundles and native clients are made of', () => {
    const text = readFileSync(join(tree, 'usr/share/doc/readinessd/copyright'), 'utf8');
    for (const name of ['commander', 'execa', 'fastify', 'llhttp', 'musl', 'pino', 'shlex', 'undici', 'yaml']) {
      assert.match(text, new RegExp(`^${name}\\b.*\n *Copyright `, 'm'));
    }
    for (const license of ['Permission is hereby granted', 'Permission to use, copy', 'Redistribution and use'])
      assert.ok(text.includes(license));
  });
});
