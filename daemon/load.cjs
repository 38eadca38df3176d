'use strict';
// Loads the daemon's bundle with V8's code cache, if readinessd --make-code-cache has written one:
// half of a start is compiling the bundle. V8 itself does not check enough: it accepts a cache of
// another bundle with the same length, or one with a changed byte. So the file also holds the
// bundle and the Node that the cache belongs to, which must both be identical, and it holds the
// cache twice.
const { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const bundlePath = `${__dirname}/daemon.cjs`;
const cachePath = `${__dirname}/daemon.cache`;

/** Which Node made the cache. V8's own flags are not part of it: V8 itself refuses a cache made with other flags. */
const build = buildOfNode();
const madeBy = JSON.stringify([process.version, process.versions.v8, process.arch, process.execArgv, build]);

const bundle = readFileSync(bundlePath);
const script = new Script(bundle.toString(), { filename: bundlePath, cachedData: readCache() });
script.runInThisContext()(require, saveCodeCache);

/** @returns undefined when there is no cache that certainly belongs to this bundle and this Node */
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
 * @returns what tells this Node from another build of the same version, because V8 would accept
 * that build's cache: file size and modification time, in whole seconds because image layers store
 * no more. Undefined where it is not known.
 */
function buildOfNode() {
  try {
    const { size, mtimeMs } = statSync(process.config.variables.node_shared === true ? sharedNode() : '/proc/self/exe');
    return [size, Math.floor(mtimeMs / 1000)];
  } catch {
    return undefined;
  }
}

/** @returns the library with Node and V8, where /usr/bin/node only calls it, as in Debian */
function sharedNode() {
  return /\/\S*\/libnode\.so\S*/.exec(readFileSync('/proc/self/maps', 'latin1'))?.[0];
}

/** @returns a file's content, if only root can have written it */
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
 * Saves the code that V8 has compiled so far.
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
