import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { completionFor, completions } from '../client/ctl/completion/completion.ts';
import { probeHelp, probeUsage } from '../client/probe-help.ts';
import manifest from '../package.json' with { type: 'json' };
import * as defaults from '../shared/defaults.ts';
import { probeRequest } from '../shared/endpoints.ts';
import { exitCodeTable } from '../shared/exit-codes.ts';
import { version } from '../shared/version.ts';
import { bundledPackages, copyrightText } from './copyright.ts';
import { manPages } from './man/pages.ts';
import { buildNativeClients } from './native-client.ts';

/** Makes dist/rootfs/, the tree that an image copies onto /. Without a C compiler it leaves out what needs one. */

const root = join(import.meta.dirname, '..');
const tree = join(root, 'dist/rootfs');
const lib = join(tree, 'usr/lib/readinessd');

/**
 * Files of packages and parts of Node that the daemon never calls. Leaving them out halves the bundle that
 * each start reads, and saves 3 MB of memory. If one is called after all, it throws and names itself.
 */
const leftOut = [
  'light-my-request/index.js', // Fastify's inject(), for tests
  '@fastify/ajv-compiler/index.js', // requests are not validated by schema
  '@fastify/fast-json-stringify-compiler/index.js', // replies are not serialised by schema
  '@fastify/proxy-addr/index.js', // no proxy is trusted
  'semver/index.js', // no Fastify plugin asks for a version
  'sonic-boom/index.js', // log.ts writes the lines
  'pino/lib/transport.js', // in no worker thread
  'undici/lib/dispatcher/client-h2.js', // supervisord speaks HTTP/1
  'undici/lib/web/fetch/body.js', // bodies are strings
  'undici/lib/llhttp/llhttp_simd-wasm.js', // undici uses the plain build when this one fails
  'node:https',
  'node:http2',
  'node:tls',
];

/** Compiled to the oldest syntax: an old Node reads this first, and stops here. */
const oldestNode = manifest.engines.node.replace('>=', '');
const refusal = `(function (have, need) {
  for (var i = 0; i < 3 && have[i] === need[i]; ) i++;
  if (i === 3 || have[i] > need[i]) return;
  process.stderr.write('readinessctl: cannot run on Node ' + have.join('.') + ' (' + process.execPath + '): needs ${oldestNode} or newer\\n');
  process.exit(107);
})(process.versions.node.split('.').map(Number), ${JSON.stringify(oldestNode.split('.').map(Number))});`;

/** Paths of all modules in bundles. */
const modules = new Set<string>();

rmSync(join(root, 'dist'), { recursive: true, force: true });
mkdirSync(lib, { recursive: true });

// A function, so that load.cjs can pass in what a module does not have.
await bundle('daemon/main.ts', 'daemon.cjs', {
  target: 'node20',
  plugins: [leaveOut(leftOut), apart('./read.ts', './checks.cjs'), parserApart()],
  banner: { js: '(function (require, saveCodeCache) {' },
  footer: { js: '})' },
});
install('daemon/load.cjs', 'usr/lib/readinessd/load.cjs');
await bundle('daemon/steps/checks/read.ts', 'checks.cjs', { target: 'node20' });
install('daemon/entry.cjs', 'usr/lib/readinessd/entry.cjs');
install('daemon/bin/readinessd', 'usr/bin/readinessd', 0o755);

// The kernel starts it by its #! line, in node's directory. If a shell gets it instead, it ends at the second
// line.
// Old syntax, because a node older than the daemon's may run it.
await bundle('client/readiness_probe.ts', 'readiness_probe.cjs', {
  target: 'node14',
  banner: { js: `#!./node\n':' //; echo '107 ClientBroken node cannot be run: install Node.js again'; exit 107` },
  footer: { js: '// whole' },
});
chmodSync(join(lib, 'readiness_probe.cjs'), 0o755);
install('client/readiness_probe.sh', 'usr/bin/readiness_probe.sh', 0o755);
install('client/readiness_probe.launch', 'usr/lib/readinessd/readiness_probe.launch', 0o755);
install('client/fallback.sh', 'usr/lib/readinessd/fallback.sh');
const generated = join(root, 'dist/generated');
mkdirSync(generated, { recursive: true });
writeFileSync(join(generated, 'contract.h'), contractHeader());
buildNativeClients(lib, join(root, 'client/readiness_probe.c'), generated);

// Just as old, so that an old node can say that it is too old.
await bundle('daemon/doctor/examine.ts', 'doctor.cjs', { target: 'node20', plugins: [parserApart()] });
await bundle('client/ctl/main.ts', 'readinessctl.cjs', { target: 'node14', banner: { js: refusal }, footer: { js: '// whole' } });
install('client/ctl/readinessctl', 'usr/bin/readinessctl', 0o755);

// https://reproducible-builds.org/specs/source-date-epoch: with it set, each build makes the same tree.
const sourceDateEpoch = process.env['SOURCE_DATE_EPOCH'];
for (const { name, section, text } of manPages(sourceDateEpoch === undefined ? new Date() : new Date(Number(sourceDateEpoch) * 1000))) {
  const path = join(tree, `usr/share/man/man${section}/${name}.${section}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

for (const [shell, { path }] of Object.entries(completions)) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), completionFor(shell));
}

const copyright = join(tree, 'usr/share/doc/readinessd/copyright');
mkdirSync(dirname(copyright), { recursive: true });
const bundled = bundledPackages(modules);
writeFileSync(copyright, copyrightText(bundled));
// For the SBOM.
writeFileSync(join(generated, 'bundled.json'), JSON.stringify(bundled));

// --print-supervisor-conf prints this file, whose last part is the entry itself.
install('supervisor.conf.example', 'usr/lib/readinessd/supervisor.conf');
install('supervisor.conf.example', 'etc/supervisor/conf.d/readinessd.conf');
console.log(`built ${tree}`);

async function bundle(
  entry: string,
  output: string,
  options: { target: string; plugins?: Plugin[]; banner?: { js: string }; footer?: { js: string } },
): Promise<void> {
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(lib, output),
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    legalComments: 'none',
    // Compiled to require(), which loads a bundle beside this one.
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
    ...options,
  });
  for (const module of Object.keys(metafile.inputs)) modules.add(module);
}

/** Bundles a module separately, for code that rarely imports it. */
function apart(module: string, file: string): Plugin {
  return {
    name: 'apart',
    setup({ onResolve }) {
      const filter = new RegExp(`^${module.replaceAll('.', '\\.')}$`);
      onResolve({ filter }, () => ({ path: file, external: true }));
    },
  };
}

/** undici's parser, which is WebAssembly in base64. In a file of its own it is read once, and not kept as text. */
function parserApart(): Plugin {
  const module = 'undici/lib/llhttp/llhttp-wasm.js';
  const file = 'llhttp.wasm';
  writeFileSync(join(lib, file), createRequire(import.meta.url)(module) as Buffer);
  return {
    name: 'parser apart',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^[.][/]llhttp\.wasm$/ }, ({ path }) => ({ path, external: true }));
      const contents = `module.exports = require('node:fs').readFileSync(require.resolve('./${file}'))`;
      onLoad({ filter: /undici[/]lib[/]llhttp[/]llhttp-wasm\.js$/ }, () => ({ contents }));
    },
  };
}

/** @throws when the bundle does not use one of them: a package has changed, and so must the list */
function leaveOut(modules: readonly string[]): Plugin {
  const moduleOf = (path: string) => modules.find((module) => path === module || path.endsWith(`/node_modules/${module}`));
  return {
    name: 'leave out',
    setup({ onLoad, onEnd, onResolve }) {
      const found = new Set<string>();
      const replace = ({ path }: { path: string }) => {
        const module = moduleOf(path);
        if (module === undefined) return;
        found.add(module);
        return { contents: `module.exports = function () { throw new Error('${module} is left out of this bundle') }` };
      };
      onResolve({ filter: /^node:/ }, ({ path }) => (moduleOf(path) === undefined ? undefined : { path, namespace: 'left-out' }));
      onLoad({ filter: /./, namespace: 'left-out' }, replace);
      onLoad({ filter: /node_modules/ }, replace);
      onEnd(() => {
        const missing = modules.filter((module) => !found.has(module));
        if (missing.length > 0) throw new Error(`cannot leave out ${missing.join(', ')}: the bundle does not use it`);
      });
    },
  };
}

function install(from: string, to: string, mode = 0o644): void {
  const target = join(tree, to);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(root, from), target);
  chmodSync(target, mode);
}

/** shared/ as a C header. */
function contractHeader(): string {
  const strings = {
    VERSION: version,
    USAGE: probeUsage,
    HELP: probeHelp,
    DEFAULT_SOCKET: defaults.defaultSocketPath,
    SOCKET_VARIABLE: defaults.socketVariable,
    TIMEOUT_VARIABLE: defaults.probeTimeoutVariable,
    PROBE_REQUEST: probeRequest,
  };
  const numbers = {
    DEFAULT_TIMEOUT_MS: defaults.defaultProbeTimeoutMs,
    MAX_TIMEOUT_MS: defaults.maxProbeTimeoutMs,
    MAX_SOCKET_PATH: defaults.maxSocketPathBytes,
    ...Object.fromEntries(exitCodeTable.flatMap(({ codes: [first, last], reason }) => (first === last ? [[`CODE_${reason}`, first]] : []))),
  };
  return [
    '/* Made from shared/ by script/build.ts. */',
    ...Object.entries(strings).map(([name, text]) => `#define ${name} ${JSON.stringify(text)}`),
    ...Object.entries(numbers).map(([name, value]) => `#define ${name} ${value}`),
    '',
  ].join('\n');
}
