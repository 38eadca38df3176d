import { version } from '../../shared/version.ts';
import type { EventFigures } from '../http/status.ts';
import type { Reading } from '../verdict/verdict-cache.ts';
import { durationBoundsS, type Tally } from './tally.ts';

/** Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats). */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number, labels?: Labels, suffix?: string];

/** Figures that are read at a scrape, not counted. */
export interface ProcessFigures {
  readonly startedAtS: number;
  readonly cpuS: number;
  readonly residentBytes: number;
}

/** Those of this process, now. */
export function processFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  return { startedAtS: Date.now() / 1000 - process.uptime(), cpuS: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() };
}

/**
 * The metrics in Prometheus' text format. Ready and code are what a probe would be told now,
 * including whether the verdict is stale.
 *
 * @param changes - of the verdict so far
 * @param events - supervisord's, if the daemon gets them
 */
export function renderMetrics(reading: Reading, tally: Tally, changes: number, figures: ProcessFigures, events?: EventFigures): string {
  const { verdict, ageMs, staleLimitMs } = reading;
  const steps = [...tally.steps];
  return [
    family('readinessd_ready', 'gauge', 'Whether the container is ready, as a probe would say now (1 or 0).', [
      [verdict.code === 0 ? 1 : 0],
    ]),
    family('readinessd_exit_code', 'gauge', 'Exit code that a probe would have now.', [[verdict.code]]),
    family('readinessd_verdict_info', 'gauge', 'Reason of the verdict, as a probe would say now; always 1.', [
      [1, { reason: verdict.reason }],
    ]),
    family(
      'readinessd_verdict_age_seconds',
      'gauge',
      'Time since the start of the cycle that found the newest verdict, or since its oldest result.',
      ageMs === undefined ? [] : [[ageMs / 1000]],
    ),
    family(
      'readinessd_verdict_stale_limit_seconds',
      'gauge',
      'Age above which the last verdict has expired.',
      staleLimitMs === undefined ? [] : [[staleLimitMs / 1000]],
    ),
    family('readinessd_verdict_changes_total', 'counter', 'Changes of the verdict, in code, reason or message.', [[changes]]),
    family('readinessd_cycles_total', 'counter', 'Cycles of checks that have ended.', [[reading.cycles]]),
    family(
      'readinessd_checks_total',
      'counter',
      'Checks by step and outcome.',
      steps.flatMap(([step, { outcomes }]) => Object.entries(outcomes).map(([outcome, n]): Sample => [n, { step, outcome }])),
    ),
    family(
      'readinessd_check_duration_seconds',
      'histogram',
      'Duration of checks by step.',
      steps.flatMap(([step, { buckets, sumS }]) => histogram({ step }, buckets, sumS)),
    ),
    family(
      'readinessd_probes_total',
      'counter',
      'Probes answered, by endpoint and by whether they were told that the container is ready.',
      Object.entries(tally.probes).flatMap(([endpoint, { ready, notReady }]): Sample[] => [
        [ready, { endpoint, ready: 'true' }],
        [notReady, { endpoint, ready: 'false' }],
      ]),
    ),
    ...eventFamilies(events),
    family('readinessd_build_info', 'gauge', 'Version of readinessd and of the Node.js that runs it; always 1.', [
      [1, { version, node_version: process.versions.node }],
    ]),
    family('process_start_time_seconds', 'gauge', 'Start time of the process since unix epoch in seconds.', [[figures.startedAtS]]),
    family('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [[figures.cpuS]]),
    family('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [[figures.residentBytes]]),
  ].join('');
}

function eventFamilies({ state, count, silentForMs }: Partial<EventFigures> = {}): string[] {
  return [
    family('readinessd_events_flowing', 'gauge', "Whether supervisord's events come (1 or 0).", [[state === 'flowing' ? 1 : 0]]),
    family('readinessd_events_received_total', 'counter', 'Events that supervisord has sent.', [[count ?? 0]]),
    family(
      'readinessd_event_age_seconds',
      'gauge',
      'Time since the last event of supervisord.',
      silentForMs === undefined ? [] : [[silentForMs / 1000]],
    ),
  ];
}

function family(name: string, type: 'gauge' | 'counter' | 'histogram', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([value, labels, suffix = '']) => `${name}${suffix}${formatLabels(labels)} ${value}\n`);
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function histogram(labels: Labels, buckets: readonly number[], sumS: number): Sample[] {
  let count = 0;
  const bounds = [...durationBoundsS.map(String), '+Inf'];
  const cumulative = bounds.map((le, index): Sample => {
    count += buckets[index] ?? 0;
    return [count, { ...labels, le }, '_bucket'];
  });
  return [...cumulative, [sumS, labels, '_sum'], [count, labels, '_count']];
}

function formatLabels(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`))}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
