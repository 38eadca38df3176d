import type { SetUp } from '../../support/set-up.ts';
import { type Case, doctorNames } from './cases.ts';

const isReady = ({ expect }: SetUp) => expect(/^0 /);

const cases: readonly Case[] = [
  {
    title: 'a plain program with --events',
    entry: (entry) => entry.replace('[eventlistener:readinessd]', '[program:readinessd]'),
    until: isReady,
    level: 'WARNING',
    about: 'events',
    cause: /the daemon has --events, but \[program:readinessd\] gets none.*: changes are seen at the next cycle instead/,
    cure: /make it \[eventlistener:readinessd\] .*, or leave --events out/,
  },
  {
    title: 'an event listener without --events',
    entry: (entry) => entry.replace(/^(command=.*) --events$/m, '$1'),
    until: isReady,
    level: 'WARNING',
    about: 'events',
    cause: /\[eventlistener:readinessd\] lacks --events in its command.*: changes are seen at the next cycle instead/,
    cure: /command=\/usr\/bin\/readinessd --events in it/,
  },
  {
    title: 'a section that does not ask for all events',
    entry: (entry) => entry.replace(/^events=.*$/m, 'events=PROCESS_STATE,TICK_60'),
    until: isReady,
    level: 'WARNING',
    about: 'events',
    cause: /\[eventlistener:readinessd\] does not ask for PROCESS_GROUP, SUPERVISOR_STATE_CHANGE: what they tell of is seen late/,
    cure: /events=PROCESS_STATE,PROCESS_GROUP,SUPERVISOR_STATE_CHANGE,TICK_60 in it/,
  },
];

doctorNames(
  'events',
  cases.map((one) => ({ ...one, form: 'events' })),
);
