import { Type } from 'typebox';

/**
 * What GET /status answers. The one declaration: the types follow from it, tests hold the daemon's answers against it, and
 * the README's description is made from it. What is not declared may not be shown, so no credential can slip in.
 * The daemon takes the types only: at run time the schemas would cost it 1 MB.
 */
const closed = { additionalProperties: false };

const StepSchema = Type.Object(
  {
    name: Type.String({ description: 'start or hook' }),
    outcome: Type.String({ description: 'passed, skipped or failed' }),
    message: Type.String(),
    detail: Type.Optional(Type.String({ description: "the hook's output, its last 4 KiB" })),
    durationMs: Type.Number(),
  },
  closed,
);

export const StatusSchema = Type.Object(
  {
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
    steps: Type.Array(StepSchema, {
      description: 'of the last cycle, those that ran: name, outcome (passed, skipped, failed), message, detail, durationMs',
    }),
    settings: Type.Record(Type.String(), Type.String(), { description: 'in force, without credentials' }),
    version: Type.String({ description: "the daemon's" }),
    pid: Type.Integer({ description: "the daemon's" }),
    uptimeMs: Type.Number({ description: 'since its start' }),
  },
  closed,
);

export type Status = Type.Static<typeof StatusSchema>;
