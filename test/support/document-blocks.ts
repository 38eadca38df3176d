import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../../daemon/steps/checks/kinds.ts';
import { readChecks } from '../../daemon/steps/checks/read.ts';
import { isManifest, type Manifest, podWith, validate } from './kubernetes.ts';

/** Throws when a block's text is wrong. @param directory - of the test's own */
type Checker = (text: string, directory: string) => void | Promise<void>;

/** Checks of a block that do not run it, by its language. */
export const checkers: Readonly<Record<string, Checker>> = {
  '': () => {},
  text: () => {},
  yaml: checkYaml,
  json: (text) => JSON.parse(text),
  ini: checkIni,
  dockerfile: checkDockerfile,
  ts: (text) => assert.deepEqual(parseSync('block.ts', text).errors, []),
  // test/process/docs.test.ts has the interpreters for these, and runs what can be run.
  sh: () => {},
  console: (text) => assert.match(text, /^\$ \S/, 'a session begins with "$ COMMAND"'),
  python: () => {},
};

/** The Kubernetes objects in a text. Parts of a container are put into a pod. */
export function manifestsIn(yaml: string): readonly Manifest[] {
  return valuesOf(yaml).flatMap((value) => (isManifest(value) ? [value] : isPartOfContainer(value) ? [podWith(value)] : []));
}

async function checkYaml(text: string, directory: string): Promise<void> {
  for (const manifest of manifestsIn(text)) {
    await validate(manifest);
    const { kind, data = {} } = manifest;
    const files = kind === 'ConfigMap' ? Object.entries(data as Record<string, string>) : [];
    for (const [name, content] of files) if (name.endsWith('.yaml')) await checkYaml(content, directory);
  }
  if (valuesOf(text).some((value) => has(value, 'checks'))) await checkChecks(text, directory);
}

/** Reads checks as the daemon does. Each variable without a default is set. */
async function checkChecks(text: string, directory: string): Promise<void> {
  const file = join(directory, 'block.yaml');
  writeFileSync(file, text);
  const environment = Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, '1']));
  const found = await readChecks([file], { kinds, reserved: ['start', 'hook', 'programs'], environment, checkSafety: false });
  assert.ok('checks' in found, 'problem' in found ? found.problem : '');
  assert.ok(found.checks.length > 0, 'no checks are declared');
}

function valuesOf(yaml: string): unknown[] {
  return parseAllDocuments(yaml).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw problem;
    return document.toJS() as unknown;
  });
}

function isPartOfContainer(value: unknown): value is object {
  return ['readinessProbe', 'livenessProbe', 'startupProbe', 'env', 'volumeMounts', 'image'].some((key) => has(value, key));
}

function has(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && key in value;
}

/**
 * Checks by the rules of Python's ConfigParser, which reads supervisord's files, and the sections that
 * supervisord knows.
 */
function checkIni(text: string): void {
  const known =
    /^(program|eventlistener|fcgi-program|group|rpcinterface):\S+$|^(supervisord|supervisorctl|unix_http_server|inet_http_server|include)$/;
  const keys = new Set<string>();
  let isInSection = false;
  for (const line of text.split('\n')) {
    if (/^\s*([;#].*)?$/.test(line)) continue;
    const [, section] = /^\[(.+)\]\s*(?:;.*)?$/.exec(line) ?? [];
    const [, key] = /^([^\s=:[][^=:]*?)\s*[=:]/.exec(line) ?? [];
    if (section !== undefined) {
      assert.match(section, known, 'supervisord knows no such section');
      isInSection = true;
      keys.clear();
    } else if (key !== undefined) {
      assert.ok(isInSection && !keys.has(key), `there is no section for it, or it stands there twice: ${line}`);
      keys.add(key);
    } else {
      assert.ok(/^\s/.test(line) && keys.size > 0, `neither section nor KEY=VALUE: ${line}`);
    }
  }
}

/** The instructions of a Dockerfile, https://docs.docker.com/reference/dockerfile. */
const instructions =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\s+(\S.*)$/s;

/** Instructions with their arguments. Continued lines are joined. */
export function instructionsOf(dockerfile: string): readonly { readonly name: string; readonly rest: string }[] {
  const lines = dockerfile
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, rest] = instructions.exec(line) ?? [];
      assert.ok(name !== undefined && rest !== undefined, `a Dockerfile knows no such instruction: ${line}`);
      return { name, rest };
    });
}

function checkDockerfile(text: string): void {
  for (const { name, rest } of instructionsOf(text)) {
    if (name === 'COPY' || name === 'ADD')
      assert.ok(rest.split(/\s+/).filter((word) => !word.startsWith('--')).length > 1, `${name} from where to where?`);
    if (name === 'ENV') assert.match(rest, /^\w+=/, 'write ENV NAME=VALUE');
    if (name === 'CMD' || name === 'ENTRYPOINT') if (rest.startsWith('[')) JSON.parse(rest);
  }
}
