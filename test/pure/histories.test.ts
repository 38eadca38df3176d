import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { historySeed, isLong } from '../support/long.ts';
import type { World } from '../support/model/model.ts';
import { hookTimeoutMs } from '../support/model/simulation.ts';
import { type Event, tickMs, watchHistory } from '../support/model/watch.ts';
import { type EventfulEvent, watchEvents } from '../support/model/watch-events.ts';

const parameters = {
  numRuns: isLong ? 3000 : 300,
  seed: historySeed,
  includeErrorInReport: true,
};

const ticks = (most: number) => fc.integer({ min: 1, max: most / tickMs }).map((count) => count * tickMs);

/** Ready often enough that losing it means something. */
const world: fc.Arbitrary<World> = fc.record({
  start: fc.constantFrom('good', 'good', 'good', 'good', 'absent', 'never started', 'running', 'failed', 'fatal', 'stopped', 'restarting'),
  config: fc.constantFrom('loaded', 'loaded', 'loaded', 'loaded', 'loaded', 'start.sh added', 'service made start.sh', 'sections dropped'),
  hook: fc.constantFrom('good', 'good', 'good', 'absent', 'failing', 'hanging', 'not executable'),
  program: fc.constantFrom('up', 'up', 'up', 'up', 'up', 'up', 'stopped', 'crashing'),
  check: fc.constantFrom('none', 'none', 'none', 'good', 'good', 'good', 'failing', 'hanging'),
  fault: fc.constantFrom('none', 'none', 'none', 'none', 'supervisord silent', 'supervisord gone', 'supervisord talks nonsense', 'bug'),
});

/** The daemon trusts the situation at its start. So a history begins when configuration and processes agree. */
const firstWorld = world.map((first): World => ({ ...first, config: 'loaded', fault: 'none' }));

const era: fc.Arbitrary<Event> = fc.record({ kind: fc.constant('era'), world, forMs: ticks(25_000) });
const checked: fc.Arbitrary<Event & EventfulEvent> = fc.record({
  kind: fc.constant('checked'),
  program: fc.constantFrom('up', 'up', 'stopped', 'crashing'),
  check: fc.constantFrom('none', 'good', 'good', 'failing', 'hanging'),
  forMs: ticks(25_000),
});
const frozen: fc.Arbitrary<Event> = fc.record({ kind: fc.constant('frozen'), forMs: ticks(120_000) });
const slow: fc.Arbitrary<Event> = fc.record({ kind: fc.constant('slow'), rpcMs: ticks(1900), hookMs: ticks(hookTimeoutMs - tickMs) });
const check: fc.Arbitrary<Event> = fc.record({ kind: fc.constant('check'), forMs: ticks(3000) });
const event = fc.oneof(
  { weight: 6, arbitrary: era },
  { weight: 3, arbitrary: checked },
  { weight: 1, arbitrary: frozen },
  { weight: 1, arbitrary: slow },
  { weight: 2, arbitrary: check },
);

test('in any history of the world the daemon says only what has a cause and is young enough, never overlaps itself, and is right in the end', async (t) => {
  const shown = new Set<number>();
  t.diagnostic(`seed ${parameters.seed}, ${parameters.numRuns} histories`);
  await fc.assert(
    fc.asyncProperty(firstWorld, fc.array(event, { minLength: 1, maxLength: 12 }), (first, events) => watchHistory(first, events, shown)),
    parameters,
  );
  // Histories that never produce some verdict would not notice that it is wrong.
  assert.deepEqual(
    [0, 2, 17, 103, 104, 105, 110, 111, 112, 113, 114, 115, 116, 117, 120, 122].filter((code) => !shown.has(code)),
    [],
  );
});

const eventFault: fc.Arbitrary<EventfulEvent> = fc.record({
  kind: fc.constant('events'),
  fault: fc.constantFrom('none', 'storm', 'doubled', 'swapped', 'stopped', 'counted anew'),
  forMs: ticks(20_000),
});
/** Whether there is a program to look at. Without one, supervisord is asked less. */
const hasPrograms = fc.constantFrom(true, true, false);

const eventful = fc.oneof(
  { weight: 6, arbitrary: era },
  { weight: 3, arbitrary: checked },
  { weight: 1, arbitrary: frozen },
  { weight: 1, arbitrary: slow },
  { weight: 1, arbitrary: check },
  { weight: 3, arbitrary: eventFault },
  { weight: 1, arbitrary: fc.constant<EventfulEvent>({ kind: 'end of events' }) },
);

test('when events come, storm, double, swap, stop or end, it says only what has a cause, and is right in the end', async (t) => {
  const shown = new Set<number>();
  t.diagnostic(`seed ${parameters.seed}, ${parameters.numRuns} histories`);
  await fc.assert(
    fc.asyncProperty(firstWorld, hasPrograms, fc.array(eventful, { minLength: 1, maxLength: 12 }), (first, isNamed, events) =>
      watchEvents(first, isNamed, events, shown),
    ),
    { ...parameters, numRuns: parameters.numRuns / 5 },
  );
  assert.deepEqual(
    [0, 2, 17, 103, 104, 105, 110, 111, 112, 113, 114, 115, 116, 117, 120, 122].filter((code) => !shown.has(code)),
    [],
  );
});
