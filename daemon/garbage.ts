import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const enoughBytes = 768 * 1024;

/**
 * Each cycle leaves some 30 KB of garbage. On its own, V8 would only collect it after the heap has
 * grown by many megabytes.
 *
 * @returns a function that collects all garbage, which takes some 20 ms. If it is not due, it only
 * does so when the heap has grown enough since the last time. It does nothing where V8 offers no
 * collection.
 */
export function garbageCollector(): (isDue: boolean) => void {
  setFlagsFromString('--expose-gc');
  // Only contexts created from now on have gc().
  const collect: unknown = runInNewContext('globalThis.gc');
  if (typeof collect !== 'function') return () => {};
  let usedAfterLast = Number.POSITIVE_INFINITY;
  return (isDue) => {
    if (!isDue && used() - usedAfterLast < enoughBytes) return;
    collect();
    usedAfterLast = used();
  };
}

/**
 * The size of what has survived two collections of the young generation. The young generation
 * itself is emptied all the time.
 */
function used(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
}
