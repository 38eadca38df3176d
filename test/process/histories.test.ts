import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Status } from '../../shared/api.ts';
import { historySeed, isLong } from '../support/long.ts';
import { type Fault, hasGround, truths, withSettling } from '../support/model/model.ts';
import { Container, type RealHook, type RealProgram, type RealStart, settling } from '../support/model/world.ts';
import { until } from '../support/scratch.ts';

const steps = isLong ? 400 : 60;

/** Only the hook can make a wait this long. */
const longRestMs = 2000;

/** The age in an answer is rounded. */
const slackMs = 1;

type Action =
  | { readonly kind: 'start'; readonly start: RealStart }
  | { readonly kind: 'hook'; readonly hook: RealHook }
  | { readonly kind: 'program'; readonly program: RealProgram }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'daemon'; readonly what: 'killed' | 'restarted' | 'frozen' | 'socket deleted' | 'asked to check' };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('start'),
      start: fc.constantFrom('good', 'good', 'good', 'good', 'good', 'absent', 'never started', 'running', 'failed', 'stopped'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('hook'),
      hook: fc.constantFrom('good', 'good', 'good', 'missing', 'failing', 'hanging', 'not executable'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('program'), program: fc.constantFrom('up', 'up', 'stopped') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('fault'), fault: fc.constantFrom('supervisord silent', 'supervisord gone') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('daemon'),
      what: fc.constantFrom('killed', 'restarted', 'frozen', 'socket deleted', 'asked to check'),
    }),
  },
);

/** Each verdict once, so that a run is worth something whatever it draws. */
const tour: readonly Action[] = [
  { kind: 'start', start: 'failed' },
  { kind: 'start', start: 'good' },
  { kind: 'program', program: 'stopped' },
  { kind: 'program', program: 'up' },
  { kind: 'hook', hook: 'failing' },
  { kind: 'hook', hook: 'not executable' },
  { kind: 'hook', hook: 'hanging' },
  { kind: 'hook', hook: 'good' },
];

test(`through ${steps} random changes and faults the built daemon says only what has a cause, and soon the truth`, async (t) => {
  t.diagnostic(`seed ${historySeed}`);
  const container = await Container.start(t);
  const { history } = container;
  /** Once a whole cycle has found the truth about the world, nothing else may be shown. */
  let isSettled = false;
  const shown = new Map<number, number>();
  const wrong: string[] = [];
  const changes: { readonly fromMs: number; toMs: number }[] = [];
  let isWatching = true;
  /** The daemon was ended or has just started, so its first cycle may not have ended. */
  let isAway = true;

  async function watch(): Promise<void> {
    while (isWatching) {
      const wasSettled = isSettled;
      const wasAway = isAway;
      const askedAtMs = performance.now();
      const status = await container.daemon.status().catch(() => undefined);
      // Nobody answers while the daemon is away.
      if (status !== undefined) judge(status, askedAtMs, wasSettled && isSettled, wasAway || isAway);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }

  /** The cycle of an answer began no earlier than the question minus its age. */
  function judge({ code, ageMs }: Status, askedAtMs: number, mustBeTruth: boolean, mayBePending: boolean): void {
    shown.set(code, (shown.get(code) ?? 0) + 1);
    const now = performance.now();
    const isRight =
      code === 104
        ? mayBePending
        : mustBeTruth
          ? truthsNow(mayBePending).includes(code)
          : hasGround(withSettling(history, settling, []), groundFrom(askedAtMs, ageMs), now, code);
    if (!isRight) wrong.push(`${code}, ${ageMs} ms old, in ${JSON.stringify(container.world)} after ${JSON.stringify(history.slice(-4))}`);
  }

  /** A new daemon has not seen the program for long enough. */
  function truthsNow(mayBeNew: boolean): readonly number[] {
    const { world } = container;
    return truths(mayBeNew && world.program === 'up' ? { ...world, program: 'up for a while' } : world);
  }

  /** While a change is made, the state before it may still count. */
  function groundFrom(askedAtMs: number, ageMs = Number.NaN): number {
    const fromMs = askedAtMs - ageMs - slackMs;
    const change = changes.find((span) => span.fromMs <= fromMs && fromMs <= span.toMs);
    return change?.fromMs ?? fromMs;
  }

  async function take(next: Action): Promise<void> {
    if (next.kind === 'daemon') {
      isAway = true;
      if (next.what === 'killed') await container.restartDaemon('SIGKILL');
      else if (next.what === 'restarted') await container.restartDaemon('SIGTERM');
      else if (next.what === 'frozen') await container.freezeDaemon(300);
      else if (next.what === 'socket deleted') await container.deleteSocket();
      else await container.daemon.post('/check').catch(() => {});
      return;
    }
    isSettled = false;
    const change = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    changes.push(change);
    await makeChange(next);
    change.toMs = performance.now();
  }

  async function makeChange(next: Exclude<Action, { kind: 'daemon' }>): Promise<void> {
    const { fault } = container.world;
    if (fault !== 'none' && next.kind !== 'hook') {
      // A supervisord that is away can only be brought back.
      if (fault === 'supervisord silent') container.thawSupervisord();
      else await container.startSupervisord();
    } else if (next.kind === 'start') await container.setStart(next.start);
    else if (next.kind === 'hook') container.setHook(next.hook);
    else if (next.kind === 'program') await container.setProgram(next.program);
    else if (next.fault === 'supervisord silent') container.freezeSupervisord();
    else await container.killSupervisord();
  }

  /** Waits for the end of a cycle that began after this call. Instead of a long wait, it may replace the daemon. */
  async function aWholeCycle(mayCutRest: boolean): Promise<void> {
    const calledAtMs = performance.now();
    await until('a whole cycle has ended', async () => {
      const askedAtMs = performance.now();
      const { ageMs, nextCycleInMs } = await container.daemon.status();
      if (askedAtMs - (ageMs ?? Number.POSITIVE_INFINITY) - slackMs > calledAtMs) return true;
      if (!mayCutRest || nextCycleInMs <= longRestMs) return false;
      isAway = true;
      await container.restartDaemon('SIGTERM');
      return false;
    });
  }

  const watching = watch();
  try {
    for (const [index, next] of [...tour, ...fc.sample(action, { seed: historySeed, numRuns: steps })].entries()) {
      await take(next);
      // The tour waits out the long wait after a hanging hook. Once is enough.
      await aWholeCycle(index > tour.length);
      const [expected = Number.NaN] = truths(container.world);
      await container.daemon.expect(new RegExp(`^${expected} `)).catch((error: Error) => {
        throw new Error(`step ${index}, ${JSON.stringify(next)}, world ${JSON.stringify(container.world)}: ${error.message}`);
      });
      shown.set(expected, (shown.get(expected) ?? 0) + 1);
      isSettled = true;
      isAway = false;
      assert.deepEqual(wrong, []);
    }
  } finally {
    isWatching = false;
    await watching;
    if (container.world.fault === 'supervisord silent') container.thawSupervisord();
  }
  assert.deepEqual(wrong, []);
  t.diagnostic(`shown ${JSON.stringify(Object.fromEntries(shown))}`);
  assert.deepEqual(
    [0, 2, 17, 110, 112, 116, 120, 122].filter((code) => !shown.has(code)),
    [],
  );
});
