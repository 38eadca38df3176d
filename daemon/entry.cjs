// Started by bin/readinessd, before anything that an old Node could not read. Takes away what bin/readinessd has
// set for this process alone, and says so when Node is too old.

// Memory before speed. Not on node's command line, where a flag that a later V8 does not know would be the end; here V8 says
// so on stderr, and goes on. docs/performance.md has what each brings.
// biome-ignore lint/style/useNodejsImportProtocol: an old Node would not know it.
var v8 = require('v8');
v8.setFlagsFromString('--optimize-for-size'); // the heap grows in small steps
// undici's WebAssembly is compiled once and not optimised, which took 40 MB for a moment.
v8.setFlagsFromString('--no-wasm-tier-up');
v8.setFlagsFromString('--no-wasm-dynamic-tiering');
// Nothing here runs often enough to be worth the memory of its machine code.
v8.setFlagsFromString('--no-opt');
v8.setFlagsFromString('--no-maglev');
v8.setFlagsFromString('--no-sparkplug');

if (process.env.READINESSD_MALLOC === 'own') {
  delete process.env.READINESSD_MALLOC;
  delete process.env.MALLOC_ARENA_MAX;
  delete process.env.MALLOC_TRIM_THRESHOLD_;
}

// One thread waits for the file system, where Node would have four: each call that they share wakes one of them. It is begun here,
// for libuv looks only then, and hooks shall not get the variable.
if (process.env.UV_THREADPOOL_SIZE === undefined) {
  process.env.UV_THREADPOOL_SIZE = '1';
  // biome-ignore lint/style/useNodejsImportProtocol: as above.
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
  require('./daemon.cjs');
}
