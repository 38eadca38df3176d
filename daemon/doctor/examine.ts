import { setFlagsFromString } from 'node:v8';
import { type About, type Examination, type Found, type Report, wordsOfFound } from '../../shared/report.ts';
import { checkClients } from './clients.ts';
import { checkDaemon } from './daemon.ts';
import { checkEvents } from './events.ts';
import { type Facts, findFacts } from './facts.ts';
import { warning } from './found.ts';
import { checkHook } from './hook.ts';
import { lookAtPrograms } from './sights.ts';
import { checkSocket } from './socket.ts';
import { checkStart } from './start.ts';
import { checkSteps } from './steps.ts';
import { checkSupervisord } from './supervisord.ts';
import { checkSystem } from './system.ts';

/** In the order of the chain: an earlier problem may cause a later one. */
const checks: readonly (readonly [about: About, check: (facts: Facts) => Found[] | Promise<Found[]>])[] = [
  ['system', checkSystem],
  ['supervisord', checkSupervisord],
  ['daemon', checkDaemon],
  ['socket', checkSocket],
  ['start', checkStart],
  ['hook', checkHook],
  ['checks', checkSteps],
  ['events', checkEvents],
  ['probe', checkClients],
];

const order = checks.map(([about]) => about);

/** Where the cause of a problem may be. */
const causes: Readonly<Partial<Record<About, readonly About[]>>> = {
  system: [],
  supervisord: ['supervisord'],
  daemon: ['system', 'daemon'],
  socket: ['system', 'daemon', 'socket'],
  start: ['supervisord', 'start'],
  hook: ['hook'],
};

/** What fails for probes, whatever the daemon says. */
const isProbes = (about: About) => about === 'socket' || about === 'probe';

/**
 * Examines the whole set-up. It changes nothing, and runs only the probe and the daemon's own check
 * of its settings.
 */
export async function examine(examination: Examination): Promise<Report> {
  // As in the daemon (entry.cjs), undici's WebAssembly is compiled once and not optimised.
  // Optimising took 35 MB for a moment, which a container may not have.
  for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag);
  const facts = await findFacts(examination);
  const found: Found[] = [];
  for (const [about, check] of checks) {
    const part = await Promise.resolve(facts)
      .then(check)
      .catch((error: Error) => [warning(about, { kind: 'not-looked-at', what: about, why: error.message })]);
    found.push(...part);
  }
  const inOrder = order.flatMap((about) => found.filter((one) => one.about === about));
  const different = inOrder.filter((one, index) => inOrder.findIndex((other) => other === one || isSame(one, other)) === index);
  const isReady = facts.status?.ready === true;
  const judged = different.map((one) =>
    isReady && one.level === 'problem' && !isProbes(one.about) ? { ...one, level: 'warning' as const } : one,
  );
  return { found: withConsequences(judged), sights: await lookAtPrograms(facts, judged) };
}

function isSame(one: Found, other: Found): boolean {
  return one.level !== 'ok' && one.check === other.check && wordsOfFound(one.finding).message === wordsOfFound(other.finding).message;
}

/** What only takes time may also be a cause. */
const waitingCauses: readonly string[] = ['daemon-starting', 'start-ran-before'];

/** Failures of two different programs are unrelated. */
function isOfAnother(one: Found['finding'], other: Found['finding']): boolean {
  return 'program' in one && 'program' in other && one.program !== other.program;
}

/** A supervisord that cannot be asked may not run, and then its programs do not run either. */
function isOfDeadSupervisord(about: About, { finding: { kind } }: Found): boolean {
  return about === 'supervisord' && (kind === 'socket-missing' || kind === 'socket-unheard');
}

/** Marks consequences of a problem, and puts them after it. */
function withConsequences(found: readonly Found[]): Found[] {
  const roots: Found[] = [];
  const consequences = new Map<Found, Found[]>();
  for (const one of found.filter(({ level }) => level === 'problem' || level === 'waiting')) {
    const isCause = ({ level, about, finding }: Found) =>
      (level === 'problem' || waitingCauses.includes(finding.kind)) &&
      (causes[one.about]?.includes(about) === true || isOfDeadSupervisord(about, one)) &&
      !isOfAnother(finding, one.finding);
    const root = roots.find(isCause);
    if (root === undefined) roots.push(one);
    else consequences.set(root, [...(consequences.get(root) ?? []), { ...one, follows: true }]);
  }
  return [
    ...roots.flatMap((root) => [root, ...(consequences.get(root) ?? [])]),
    ...found.filter(({ level }) => level === 'warning' || level === 'ok'),
  ];
}
