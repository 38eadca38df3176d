'use strict';
// Loads the daemon's bundle, and what V8 has made of it before, if readinessd --make-code-cache has written that down: half of a start
// is reading the bundle. V8 itself would take a cache of another bundle that is as long, or one with a byte changed. So the file has
// what it belongs to, which must be the same to the letter, and the cache twice.
const { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const bundlePath = `${__dirname}/daemon.cjs`;
const cachePath = `${__dirname}/daemon.cache`;

/** V8 refuses by itself what was made with other flags of its own. */
const build = buildOfNode();
const madeBy = JSON.stringify([process.version, process.versions.v8, process.arch, process.execArgv, build]);

const bundle = readFileSync(bundlePath);
const script = new Script(bundle.toString(), { filename: bundlePath, cachedData: readCache() });
script.runInThisContext()(require, saveCodeCache);

/** @returns undefined when there is none, or none that is certainly of this bundle and this Node */
function readCache() {
  const content = readOwned(cachePath);
  if (content === undefined || content.length < 12) return undefined;
  const lengths = [0, 4, 8].map((at) => content.readUInt32LE(at));
  let at = 12;
  const take = (length) => {
    at += length;
    return content.subarray(at - length, at);
  };
  const [key, source, cache, again] = [...lengths, lengths[2]].map(take);
  const isWhole = at === content.length && cache.equals(again);
  return isWhole && build !== undefined && key.toString() === madeBy && source.equals(bundle) ? cache : undefined;
}

/**
 * @returns what tells this Node from another build of its version, whose cache V8 takes without asking: its size, and its time in
 * whole seconds, which is what every layer of an image keeps. Undefined where that is not known
 */
function buildOfNode() {
  try {
    const { size, mtimeMs } = statSync(process.config.variables.node_shared === true ? sharedNode() : '/proc/self/exe');
    return [size, Math.floor(mtimeMs / 1000)];
  } catch {
    return undefined;
  }
}

/** @returns the library that has all of Node, V8 too, where /usr/bin/node only calls it, as in Debian */
function sharedNode() {
  return /\/\S*\/libnode\.so\S*/.exec(readFileSync('/proc/self/maps', 'latin1'))?.[0];
}

/** @returns a file's content, if nobody but root could have written it */
function readOwned(path) {
  let file;
  try {
    file = openSync(path, 'r');
    const stats = fstatSync(file);
    return stats.isFile() && stats.uid === 0 && (stats.mode & 0o022) === 0 ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Writes down what V8 has made of the bundle so far.
 *
 * @returns the path of the file
 * @throws an error of the system
 */
function saveCodeCache() {
  const cache = script.createCachedData();
  const parts = [Buffer.from(madeBy), bundle, cache];
  const head = Buffer.alloc(12);
  for (const [index, part] of parts.entries()) head.writeUInt32LE(part.length, index * 4);
  const temporary = `${cachePath}.${process.pid}`;
  try {
    writeFileSync(temporary, Buffer.concat([head, ...parts, cache]), { mode: 0o644, flag: 'wx' });
    renameSync(temporary, cachePath);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return cachePath;
}
