import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet';
import { Pod } from 'kubernetes-models/v1/Pod';
import { parse } from 'yaml';
import { definitions } from '../../../daemon/settings/definitions.ts';
import { tcpEndpoints } from '../../../shared/endpoints.ts';
import { unknownFields } from '../../support/kubernetes-fields.ts';
import { scratchDirectory, tree } from '../../support/scratch.ts';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'examples/kubernetes');
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');

const models = {
  'daemonset.yaml': DaemonSet,
  'pod.yaml': Pod,
} as const;

/** The only container of a pod or of a pod's template. */
function containerOf(file: string) {
  const { spec } = parse(textOf(file)) as { spec: Pod['spec'] & { template?: Pod } };
  const containers = (spec.template?.spec ?? spec).containers;
  assert.equal(containers.length, 1);
  return containers[0] ?? assert.fail();
}

suite('manifests for Kubernetes', () => {
  test('are exactly these files', () => {
    assert.deepEqual(readdirSync(folder).sort(), Object.keys(models));
  });

  for (const [file, Model] of Object.entries(models)) {
    test(`${file} is valid for the API, without an unknown field`, async (t) => {
      const manifest = parse(textOf(file));
      new Model(manifest).validate();
      const directory = scratchDirectory(t);
      assert.equal(await unknownFields(directory, [manifest]), '');
      const misspelt = parse(textOf(file).replace('timeoutSeconds:', 'timeoutSecond:'));
      assert.match(await unknownFields(directory, [misspelt]), /"timeoutSecond".* does not exist/);
      const wrong = parse(textOf(file).replace('timeoutSeconds: 3', 'timeoutSeconds: 0.5'));
      assert.throws(() => new Model(wrong).validate(), /timeoutSeconds must be integer/);
    });

    test(`${file} asks for readiness by the probe of the tree, and for nothing else`, () => {
      const { readinessProbe, livenessProbe, startupProbe, lifecycle } = containerOf(file);
      assert.deepEqual([livenessProbe, startupProbe, lifecycle], [undefined, undefined, undefined]);
      const command = readinessProbe?.exec?.command ?? [];
      assert.deepEqual(command, ['/usr/bin/readiness_probe.sh']);
      assert.ok(readFileSync(join(tree, command[0] ?? '')).length > 0);
      assert.deepEqual(readinessProbe, containerOf('pod.yaml').readinessProbe);
    });
  }

  test("docs/kubernetes.md's probe without exec is valid for the API, and asks where the daemon listens", async (t) => {
    const [, snippet = ''] = /```yaml\n(env:[^`]*)```/.exec(readFileSync(join(root, 'docs/kubernetes.md'), 'utf8')) ?? [];
    const pod = parse(textOf('pod.yaml')) as Pod;
    const wanted = parse(snippet) as Pick<ReturnType<typeof containerOf>, 'env' | 'readinessProbe'>;
    const manifest = { ...pod, spec: { ...pod.spec, containers: [{ ...containerOf('pod.yaml'), ...wanted }] } };
    new Pod(manifest).validate();
    assert.equal(await unknownFields(scratchDirectory(t), [manifest]), '');
    const { exec: _, ...numbers } = containerOf('pod.yaml').readinessProbe ?? {};
    const { httpGet, ...given } = wanted.readinessProbe ?? {};
    assert.deepEqual(given, numbers);
    const listen = wanted.env?.find(({ name }) => name === definitions.listen.variable)?.value ?? '';
    const { port } = definitions.listen.read(listen.replace('$(POD_IP)', '192.0.2.1'));
    assert.deepEqual(httpGet, { path: tcpEndpoints[0]?.path, port });
  });

  test("the README's probe is the same as theirs", () => {
    const [, snippet = ''] = /```yaml\n(readinessProbe:[^`]*)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
    assert.deepEqual(parse(snippet), { readinessProbe: containerOf('pod.yaml').readinessProbe });
  });
});
