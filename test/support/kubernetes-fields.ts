import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './kubernetes.ts';
import { run } from './run.ts';

const modules = join(import.meta.dirname, '../../node_modules');

/**
 * The fields that the API server would only warn about. The schema's types know every field, although its
 * validation accepts others.
 */
export async function unknownFields(directory: string, manifests: readonly Manifest[]): Promise<string> {
  const file = join(directory, 'manifest.ts');
  const lines = manifests.map(({ apiVersion, kind, ...rest }, index) => {
    const text = JSON.stringify({ apiVersion, kind, ...rest });
    return `import type { I${kind} as Kind${index} } from '${modules}/kubernetes-models/${apiVersion}/${kind}';\nexport const m${index}: Kind${index} = ${text};\n`;
  });
  writeFileSync(file, lines.join(''));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'preserve', '--moduleResolution', 'bundler'];
  return (await run(join(modules, '.bin/tsc'), [...options, file], { cwd: directory })).stdout;
}
