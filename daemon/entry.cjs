// bin/readinessd starts this. It must be readable for old versions of Node, so that it can say when
// Node is too old. It also removes the variables that bin/readinessd has set only for this process.

// biome-ignore-all lint/style/useNodejsImportProtocol: an old Node would not know it.

if (process.env.READINESSD_MALLOC === 'own') {
  delete process.env.READINESSD_MALLOC;
  delete process.env.MALLOC_ARENA_MAX;
  delete process.env.MALLOC_TRIM_THRESHOLD_;
}

// One thread for file system calls instead of Node's four: each call wakes one of the threads that
// share the work. libuv reads the variable when its first call starts the threads, so start them
// here. Then delete the variable, because hooks must not get it.
if (process.env.UV_THREADPOOL_SIZE === undefined) {
  process.env.UV_THREADPOOL_SIZE = '1';
  require('fs').stat('/', function () {});
  delete process.env.UV_THREADPOOL_SIZE;
}

// By default Node opens the inspector on SIGUSR1, and any local user could run code through that.
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
  // Load these before V8's flags are set. With other flags than Node was built with, Node compiles
  // its own modules again instead of reading them from its cache.
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
  // Memory before speed. These are not on node's command line, because node exits at a flag that a
  // later V8 does not know. Here V8 only reports it on stderr. docs/performance.md says what each
  // flag brings.
  [
    '--semi-space-growth-factor=1', // the young generation stays at its first size
    // undici's WebAssembly is compiled once and not optimised: optimising took 40 MB for a moment.
    '--no-wasm-tier-up',
    '--no-wasm-dynamic-tiering',
    // No code here runs often enough to be worth the memory of its machine code.
    '--no-opt',
    '--no-maglev',
    '--no-sparkplug',
    // A collection (garbage.ts) leaves no gaps, and drops functions that only the start has called.
    '--compact-on-every-full-gc',
    '--bytecode-old-age=1',
    '--expose-gc', // garbage.ts sets it too, but V8's code cache (load.cjs) is only valid with the same flags
  ].forEach(require('v8').setFlagsFromString);
  require('./load.cjs');
}
