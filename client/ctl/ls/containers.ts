import { type Answer, firstLine } from '../../../shared/reply.ts';
import { variableIn } from './daemon.ts';
import { closeFile, isGone } from './files.ts';
import { type Look, look, lookOfError, lookTimedOut } from './look.ts';
import type { Mounts } from './mounts.ts';
import { asHostname, etcHostname, idsOf, nameOfContainer } from './names.ts';
import { ownMounts } from './place.ts';
import { enter, findNamespaces, type Namespace, type Process, readStrings } from './process.ts';

/**
 * For everything in one container, including its answer. A container that takes longer is not ready and
 * delays nothing else.
 */
const lookTimeoutMs = 2000;

const shortIdDigits = 12;

/** A container that has a readinessd, or may have one. All texts are safe for a terminal. */
export interface Container {
  /** The name that its runtime gives it, else its own name. May be empty. */
  readonly name: string;
  /** The runtime's IDs. For a container inside a container, the outer one's comes first. */
  readonly ids: readonly string[];
  /** Its oldest process. */
  readonly pid: number;
  readonly answer: Answer;
  readonly unchangedForMs?: number | undefined;
}

/** What was found on the machine. */
export interface Machine {
  /** Sorted by name. */
  readonly containers: readonly Container[];
  /** How many processes could not be looked at. There may be more containers behind them. */
  readonly hidden: number;
}

/** A look that has not ended, and the container it is at, as far as known. */
interface Looking {
  who: Pick<Container, 'name' | 'ids' | 'pid'>;
  found: Promise<Look | undefined>;
}

export interface Surveyor {
  /** Looks at all containers of the machine. */
  survey(): Promise<Machine>;
  /** Waits for the containers that have not answered, but no longer than this. @returns whether any still hangs */
  hangsFor(ms: number): Promise<boolean>;
}

/**
 * Makes a surveyor of this machine. If a container still hangs from the last time, it waits on and does not
 * ask again.
 */
export function createSurveyor(): Surveyor {
  const underWay = new Map<string, Looking>();
  return {
    survey,
    async hangsFor(ms) {
      await within(Promise.allSettled([...underWay.values()].map(({ found }) => found)), ms, () => []);
      return underWay.size > 0;
    },
  };

  async function survey(): Promise<Machine> {
    const { namespaces, hidden } = findNamespaces();
    const own = ownMounts();
    const found = await Promise.all(namespaces.map((namespace) => container(namespace, own)));
    const containers = once(found.filter((one) => one !== undefined));
    return { containers: containers.sort((one, other) => compare(one.name, other.name) || one.pid - other.pid), hidden };
  }

  async function container(namespace: Namespace, own: Mounts): Promise<Seen | undefined> {
    const { id } = namespace;
    const looking = underWay.get(id) ?? begin(namespace, own);
    underWay.set(id, looking);
    const settled = looking.found.finally(() => underWay.delete(id));
    const found = await within(settled, lookTimeoutMs, () => lookTimedOut(lookTimeoutMs));
    return found === undefined ? undefined : { ...looking.who, ...found, namespace };
  }
}

interface Seen extends Container, Look {
  readonly namespace: Namespace;
}

function begin(namespace: Namespace, own: Mounts): Looking {
  const looking: Looking = { who: { name: '', ids: [], pid: namespace.pids[0] ?? 0 }, found: Promise.resolve(undefined) };
  looking.found = byOldest().catch(lookOfError);
  return looking;

  async function byOldest(): Promise<Look | undefined> {
    for (const pid of namespace.pids) {
      const process = enter(pid, namespace);
      if (process === undefined) continue;
      try {
        return await byOne(process);
      } catch (error) {
        // This process has ended meanwhile, but the container may still run.
        if (!isGone(error)) throw error;
      } finally {
        closeFile(process.fd);
      }
    }
    return undefined;
  }

  async function byOne(process: Process): Promise<Look | undefined> {
    const ids = idsOf(process);
    const named = (name: string) => ({ name: [name, ...ids.slice(1).map(shorten)].join(' > '), ids, pid: process.pid });
    const given = ids[0] === undefined ? undefined : nameOfContainer(ids[0]);
    looking.who = named(given ?? '');
    const environment = await readStrings(process, 'environ');
    const said = given ?? asHostname(variableIn(environment ?? [], 'HOSTNAME'));
    looking.who = named(said ?? '');
    const found = await look(process, namespace, environment, own);
    if (found !== undefined && said === undefined) looking.who = named((await etcHostname(process, own)) ?? '');
    return found;
  }
}

/**
 * Shows each container once, by its oldest process. Several mount namespaces of one container see the same
 * socket, for example when services have a /tmp of their own. So does a process from outside that has entered
 * the container.
 */
function once(seen: readonly Seen[]): Container[] {
  const byKey = new Map<string, Seen>();
  for (const one of [...seen].sort((one, other) => one.pid - other.pid)) {
    const key = `${one.ids.join()} ${one.socketId ?? (one.ids.length === 0 ? one.namespace.id : firstLine(one.answer))}`;
    if (!byKey.has(key)) byKey.set(key, one);
  }
  const each = [...byKey.values()];
  const socketsOfContainers = new Set(each.filter(({ ids }) => ids.length > 0).map(({ socketId }) => socketId));
  return each.filter(({ ids, socketId, namespace }) => {
    return ids.length > 0 || namespace.isOwn || socketId === undefined || !socketsOfContainers.has(socketId);
  });
}

/** Returns the promise's value, or that of `otherwise` after this many milliseconds. */
async function within<T>(promise: Promise<T>, timeoutMs: number, otherwise: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise()), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Shortens an ID as docker ps and crictl ps do. */
export function shorten(id: string): string {
  return id.slice(0, shortIdDigits);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
