import { Type } from 'typebox';
import type { Reading } from '../verdict-cache.ts';

/**
 * What GET /status answers. The one declaration: Fastify serialises by it, the types follow from it, the README's
 * description is checked against it. What is not declared here is not shown, so no credential can slip in.
 */
const Step = Type.Object({
  name: Type.String({ description: 'start or hook' }),
  outcome: Type.String({ description: 'passed, skipped or failed' }),
  message: Type.String(),
  detail: Type.Optional(Type.String({ description: "the hook's output, its last 4 KiB" })),
  durationMs: Type.Number(),
});

export const StatusSchema = Type.Object({
  ready: Type.Boolean({ description: 'whether code is 0' }),
  code: Type.Integer({ description: 'what readiness_probe.sh exits with' }),
  reason: Type.String({ description: 'the code in a word' }),
  message: Type.String({ description: 'what is wrong, in one line' }),
  detail: Type.Optional(Type.String({ description: "the hook's output, its last 4 KiB" })),
  ageMs: Type.Optional(Type.Number({ description: 'since the start of the cycle that found it' })),
  staleLimitMs: Type.Optional(Type.Number({ description: 'above this age the answer is 103 ResultStale' })),
  unchangedForMs: Type.Optional(Type.Number({ description: 'since the verdict last changed' })),
  nextCycleInMs: Type.Number({ description: '0 while a cycle runs' }),
  cycles: Type.Integer({ description: 'cycles that have ended' }),
  steps: Type.Array(Step, {
    description: 'of the last cycle, those that ran: name, outcome (passed, skipped, failed), message, detail, durationMs',
  }),
  settings: Type.Record(Type.String(), Type.String(), { description: 'in force, without credentials' }),
  version: Type.String({ description: "the daemon's" }),
  pid: Type.Integer({ description: "the daemon's" }),
  uptimeMs: Type.Number({ description: 'since its start' }),
});

export type Status = Type.Static<typeof StatusSchema>;

/** What the daemon adds to a reading of the cache. */
export interface StatusContext {
  readonly nextCycleInMs: number;
  readonly settings: Record<string, string>;
  readonly version: string;
}

/** The status as of a reading of the cache. */
export function describeStatus({ verdict, newest, ageMs, unchangedForMs, cycles }: Reading, context: StatusContext): Status {
  return {
    ready: verdict.code === 0,
    code: verdict.code,
    reason: verdict.reason,
    message: verdict.message,
    ...(verdict.detail === undefined ? {} : { detail: verdict.detail }),
    ...(newest === undefined
      ? {}
      : { ageMs: Math.round(ageMs ?? 0), staleLimitMs: Math.round(newest.staleLimitMs), unchangedForMs: Math.round(unchangedForMs ?? 0) }),
    nextCycleInMs: Math.round(context.nextCycleInMs),
    cycles,
    steps: (newest?.steps ?? []).map(({ name, result: { outcome, message, detail }, durationMs }) => ({
      name,
      outcome,
      message,
      ...(detail === undefined ? {} : { detail }),
      durationMs: Math.round(durationMs),
    })),
    settings: context.settings,
    version: context.version,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
  };
}
