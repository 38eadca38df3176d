/** When node preloads this, V8 says on stderr whether it uses the given cache. */
export const codeCacheWitness = `const vm = require('node:vm');
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    const { cachedDataRejected: rejected } = this;
    process.stderr.write(\`witness: \${options.cachedData === undefined ? 'no cache' : rejected ? 'rejected' : 'used'}\\n\`);
  }
};`;
