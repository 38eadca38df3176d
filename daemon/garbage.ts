import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const enoughBytes = 768 * 1024;

/**
 * V8 would leave the garbage of cycles, some 30 KB each, until its heap has grown by many megabytes.
 *
 * @returns a full collection, which takes some 20 ms; nothing where V8 gives none. Where it is not due it is left out, unless the heap
 * has grown since the last one as much as is worth that
 */
export function garbageCollector(): (isDue: boolean) => void {
  setFlagsFromString('--expose-gc');
  // Only contexts made from now on have it.
  const collect: unknown = runInNewContext('globalThis.gc');
  if (typeof collect !== 'function') return () => {};
  let usedAfterLast = Number.POSITIVE_INFINITY;
  return (isDue) => {
    if (!isDue && used() - usedAfterLast < enoughBytes) return;
    collect();
    usedAfterLast = used();
  };
}

/** What has lived through two collections of the young generation, which is emptied all the time. */
function used(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
}
