// Started by bin/readinessd, before anything that an old Node could not read. Takes away what bin/readinessd has
// set for this process alone, and says so when Node is too old.

// biome-ignore-all lint/style/useNodejsImportProtocol: an old Node would not know it.

if (process.env.READINESSD_MALLOC === 'own') {
  delete process.env.READINESSD_MALLOC;
  delete process.env.MALLOC_ARENA_MAX;
  delete process.env.MALLOC_TRIM_THRESHOLD_;
}

// One thread waits for the file system, where Node would have four: each call that they share wakes one of them. It is begun here,
// for libuv looks only then, and hooks shall not get the variable.
if (process.env.UV_THREADPOOL_SIZE === undefined) {
  process.env.UV_THREADPOOL_SIZE = '1';
  require('fs').stat('/', function () {});
  delete process.env.UV_THREADPOOL_SIZE;
}

// Node's own answer to it is to open the inspector, through which anybody local could run code here.
process.on('SIGUSR1', function () {});

var wanted = '20.18.1';
var have = process.versions.node.split('.').map(Number);
var need = wanted.split('.').map(Number);
var isTooOld = have[0] !== need[0] ? have[0] < need[0] : have[1] !== need[1] ? have[1] < need[1] : have[2] < need[2];
if (isTooOld) {
  process.stderr.write(
    'readinessd: cannot run on Node ' + process.versions.node + ' (' + process.execPath + '): needs ' + wanted + ' or newer\n',
  );
  process.exitCode = 1;
} else {
  // Before V8's flags are set: with others than it was built with, Node reads its own modules anew instead of from its cache.
  [
    'assert',
    'child_process',
    'cluster',
    'dns',
    'fs/promises',
    'http',
    'os',
    'perf_hooks',
    'timers/promises',
    'tty',
    'vm',
    'worker_threads',
  ].forEach(function (name) {
    require(name);
  });
  // Memory before speed. Not on node's command line, where a flag that a later V8 does not know would be the end; here V8 says
  // so on stderr, and goes on. docs/performance.md has what each brings.
  [
    '--semi-space-growth-factor=1', // the young generation stays as small as it begins
    // undici's WebAssembly is compiled once and not optimised, which took 40 MB for a moment.
    '--no-wasm-tier-up',
    '--no-wasm-dynamic-tiering',
    // Nothing here runs often enough to be worth the memory of its machine code.
    '--no-opt',
    '--no-maglev',
    '--no-sparkplug',
    // A collection (garbage.ts) leaves no gaps, and nothing of the functions that only the start has called.
    '--compact-on-every-full-gc',
    '--bytecode-old-age=1',
    '--expose-gc', // garbage.ts sets it too; but what V8 has cached (load.cjs) counts for the same flags only
  ].forEach(require('v8').setFlagsFromString);
  require('./load.cjs');
}
