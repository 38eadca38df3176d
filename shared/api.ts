import { Type } from 'typebox';

/**
 * The schema of the daemon's JSON answers, declared once. The types follow from it, tests check the
 * daemon's answers against it, and docs/api.md is made from it. Anything not declared must not be
 * shown, so no credential can slip in. The daemon imports only the types: at run time the schemas
 * would cost it 1 MB.
 */
const closed = { additionalProperties: false };

const FindingSchema = Type.Object(
  { kind: Type.String({ description: 'the same word for the same cause, whatever the message says' }) },
  {
    additionalProperties: Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Array(Type.String())]),
    description: 'what is wrong, as data: its kind, and the facts in the message',
  },
);

const StepSchema = Type.Object(
  {
    name: Type.String({ description: '`start`, `hook`, `programs` (READINESSD_PROGRAMS), or the name of a declared check' }),
    outcome: Type.String({ description: '`passed`, `skipped` (nothing to check, or switched off) or `failed`' }),
    message: Type.String({ description: 'what was found, in one line' }),
    finding: Type.Optional(FindingSchema),
    detail: Type.Optional(Type.String({ description: "the output of the hook or of an exec check's command, its last 4 KiB" })),
    agoMs: Type.Number({ description: 'since it ended' }),
    durationMs: Type.Number({ description: 'how long it took' }),
  },
  closed,
);

const EventsSchema = Type.Object(
  {
    state: Type.Union([Type.Literal('off'), Type.Literal('waiting'), Type.Literal('flowing'), Type.Literal('stopped')], {
      description:
        '`off`: no `--events` (missing before 0.2). `waiting`: none has come yet, or some were lost and none has come since. `flowing`: they come, at least one each minute. `stopped`: stdin was closed, or nothing came for 75 s. Unless they flow, the daemon asks supervisord in each cycle',
    }),
    received: Type.Integer({ description: 'since the start of the daemon' }),
    lastAgoMs: Type.Optional(Type.Number({ description: 'since the last one' })),
  },
  { ...closed, description: "whether supervisord's events come" },
);

const RunningSchema = Type.Object(
  {
    name: Type.String({ description: 'as of `steps`' }),
    forMs: Type.Number({ description: 'since it began' }),
    boundMs: Type.Number({ description: 'how long it takes at most, unless something must be done twice; 0 if it takes no time' }),
  },
  closed,
);

const StartProgramSchema = Type.Object(
  {
    program: Type.String({ description: '`NAME` or `GROUP:NAME`' }),
    state: Type.String({ description: "supervisord's name for it: `RUNNING`, `EXITED`" }),
    forMs: Type.Optional(
      Type.Number({ description: "how long it has been in this state by supervisord's own clock, if supervisord says so" }),
    ),
    seenAgoMs: Type.Number({ description: 'since supervisord said so' }),
  },
  closed,
);

const LastHourSchema = Type.Object(
  {
    overMs: Type.Number({ description: 'the time that this covers: an hour, to the minute, or less if the daemon started later' }),
    cycles: Type.Integer({ description: 'cycles that have ended in it' }),
    changes: Type.Integer({ description: 'changes of the verdict in it' }),
  },
  { ...closed, description: 'what happened in the last hour (missing before 0.2)' },
);

export const StatusSchema = Type.Object(
  {
    ready: Type.Boolean({ description: 'whether code is 0' }),
    code: Type.Integer({ description: 'what readiness_probe.sh exits with' }),
    reason: Type.String({ description: 'the code in a word' }),
    message: Type.String({ description: 'what is wrong, in one line' }),
    finding: Type.Optional(FindingSchema),
    detail: Type.Optional(Type.String({ description: "the output of the hook or of an exec check's command, its last 4 KiB" })),
    ageMs: Type.Optional(Type.Number({ description: 'since the start of the cycle that found it, or since its oldest result' })),
    staleLimitMs: Type.Optional(Type.Number({ description: 'above this age the answer is 103 ResultStale' })),
    unchangedForMs: Type.Optional(Type.Number({ description: 'since the verdict last changed' })),
    nextCycleInMs: Type.Number({ description: '0 while a cycle runs' }),
    cycles: Type.Integer({ description: 'cycles that have ended' }),
    steps: Type.Array(StepSchema, { description: 'of the last cycle, those that ran, in the order of the verdict' }),
    running: Type.Optional(Type.Array(RunningSchema, { description: 'the steps that run now (missing before 0.2)' })),
    startPrograms: Type.Optional(
      Type.Array(StartProgramSchema, { description: "start.sh's programs as last seen, at most 100 (missing before 0.2)" }),
    ),
    lastHour: Type.Optional(LastHourSchema),
    events: Type.Optional(EventsSchema),
    settings: Type.Record(Type.String(), Type.String(), { description: 'the settings in force, without credentials' }),
    version: Type.String({ description: "the daemon's" }),
    pid: Type.Integer({ description: "the daemon's" }),
    uptimeMs: Type.Number({ description: 'since its start' }),
  },
  closed,
);

const ChangeSchema = Type.Object(
  {
    at: Type.String({
      description: 'when it was first shown, by the current wall clock (UTC); clocks may be set, so only `agoMs` is exact',
    }),
    agoMs: Type.Number({ description: 'the same, on the monotonic clock' }),
    lastedMs: Type.Number({ description: 'how long it was shown; the first entry is still shown' }),
    code: Type.Integer({ description: 'what readiness_probe.sh exited with' }),
    reason: Type.String({ description: 'the code in a word' }),
    message: Type.String({ description: 'what was wrong, in one line' }),
  },
  closed,
);

export const HistorySchema = Type.Object(
  {
    changes: Type.Array(ChangeSchema, { description: 'what probes were shown since the start of the daemon, newest first, at most 100' }),
    total: Type.Integer({ description: 'all changes since the start of the daemon' }),
  },
  closed,
);

export type Status = Type.Static<typeof StatusSchema>;
export type EventsStatus = Type.Static<typeof EventsSchema>;
export type RunningStatus = Type.Static<typeof RunningSchema>;
export type StartProgramStatus = Type.Static<typeof StartProgramSchema>;
export type StepStatus = Type.Static<typeof StepSchema>;
export type History = Type.Static<typeof HistorySchema>;
