import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Prints an SBOM (CycloneDX) of what is shipped. `npm sbom` lists all that is installed here; only what esbuild has put into
 * bundles stays, and the C library of the native clients is added.
 */

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly properties?: unknown;
  readonly externalReferences?: readonly { readonly url: string }[];
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
}

const root = join(import.meta.dirname, '..');
const readJson = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const bundled = (readJson('dist/generated/bundled.json') as string[]).map((directory) => {
  const { name, version } = readJson(join(directory, 'package.json'));
  return `${name}@${version}`;
});
const bom: Bom = JSON.parse(execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], { cwd: root, encoding: 'utf8' }));
const seconds = Number(process.env['SOURCE_DATE_EPOCH'] ?? Date.now() / 1000);

const components = bom.components.filter(({ name, version }) => bundled.includes(`${name}@${version}`));
const unknown = bundled.filter((one) => !components.some(({ name, version }) => one === `${name}@${version}`));
if (unknown.length > 0) throw new Error(`cannot make an SBOM: npm sbom does not list ${unknown.join(', ')}; run npm ci and npm run build`);

const musl = { type: 'library', 'bom-ref': 'musl', name: 'musl', version: muslVersion(), licenses: [{ license: { id: 'MIT' } }] };
const product = bom.metadata.component['bom-ref'];
const kept = new Set([product, ...components.map((component) => component['bom-ref'])]);
const dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: [...dependsOn.filter((one) => kept.has(one)), ...(ref === product ? ['musl'] : [])] }));
const shipped = {
  ...bom,
  // The same at each run.
  serialNumber: undefined,
  metadata: {
    ...bom.metadata,
    component: { ...bom.metadata.component, name: 'readinessd' },
    timestamp: new Date(Math.floor(seconds) * 1000).toISOString(),
  },
  components: [...components.map(cleaned), musl],
  dependencies: [...dependencies, { ref: 'musl', dependsOn: [] }],
};
console.log(JSON.stringify(shipped, null, 2));

/** npm marks all of them as for development only, since the package brings them itself; and gives some addresses that are no URL. */
function cleaned({ properties: _, externalReferences = [], ...component }: Component) {
  return { ...component, externalReferences: externalReferences.filter(({ url }) => URL.canParse(url)) };
}

function muslVersion(): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query takes it
  return execFileSync('dpkg-query', ['--show', '--showformat', '${source:Upstream-Version}', 'musl-dev'], { encoding: 'utf8' });
}
