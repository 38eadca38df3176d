/** Preloaded by node, it has V8 say on stderr what it makes of the cache that it is given. */
export const codeCacheWitness = `const vm = require('node:vm');
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    const { cachedDataRejected: rejected } = this;
    process.stderr.write(\`witness: \${options.cachedData === undefined ? 'no cache' : rejected ? 'rejected' : 'used'}\\n\`);
  }
};`;
