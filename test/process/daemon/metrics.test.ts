import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { renderMetrics } from '../../../daemon/metrics/render.ts';
import { countCycle, countProbe, createTally, durationBoundsS } from '../../../daemon/metrics/tally.ts';
import type { Published, StepReport } from '../../../daemon/verdict/verdict.ts';
import { createVerdictCache } from '../../../daemon/verdict/verdict-cache.ts';
import { alone, TestDaemon } from '../../support/daemon.ts';
import { collect } from '../../support/run.ts';
import { replaceScript, scratchDirectory, until, writeScript } from '../../support/scratch.ts';

const figures = { startedAtS: 1000, cpuS: 1.5, residentBytes: 4096 };

function report(name: string, durationMs: number, outcome: 'passed' | 'skipped' = 'passed'): StepReport {
  return { name, result: { outcome, message: '' }, startedAtMs: 0, durationMs };
}

function readyCycle(steps: readonly StepReport[]): Published {
  return { startedAtMs: 0, endedAtMs: 0, verdict: { code: 0, reason: 'Ready', message: '' }, steps, staleLimitMs: 5000, nextAtMs: 5000 };
}

/** The value of a series. Undefined when there is none. */
function sample(text: string, series: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

suite('metrics', () => {
  test('say not ready before the first cycle and when the verdict is too old', () => {
    let nowMs = 0;
    const cache = createVerdictCache(() => nowMs);
    const text = () => renderMetrics(cache.read(), createTally([]), 0, figures);
    assert.deepEqual([sample(text(), 'readinessd_ready'), sample(text(), 'readinessd_exit_code')], [0, 104]);
    assert.equal(sample(text(), 'readinessd_verdict_age_seconds'), undefined);
    cache.publish(readyCycle([]));
    nowMs = 5000;
    assert.deepEqual([sample(text(), 'readinessd_ready'), sample(text(), 'readinessd_verdict_info{reason="Ready"}')], [1, 1]);
    nowMs = 5001;
    assert.deepEqual([sample(text(), 'readinessd_ready'), sample(text(), 'readinessd_exit_code')], [0, 103]);
    assert.equal(sample(text(), 'readinessd_verdict_info{reason="ResultStale"}'), 1);
    assert.equal(sample(text(), 'readinessd_verdict_age_seconds'), 5.001);
  });

  test('count steps by name and outcome, and their durations in cumulative buckets', () => {
    const tally = createTally(['start', 'hook']);
    for (const ms of [5, 6, 700, 100_000]) countCycle(tally, readyCycle([report('start', 1, 'skipped'), report('hook', ms)]));
    const text = renderMetrics(createVerdictCache(() => 0).read(), tally, 0, figures);
    const bucket = (le: number | string) => sample(text, `readinessd_check_duration_seconds_bucket{step="hook",le="${le}"}`);
    assert.deepEqual([0.005, 0.01, 0.5, 1, 60, '+Inf'].map(bucket), [1, 2, 2, 3, 3, 4]);
    assert.equal(sample(text, 'readinessd_check_duration_seconds_count{step="hook"}'), 4);
    assert.ok(Math.abs((sample(text, 'readinessd_check_duration_seconds_sum{step="hook"}') ?? 0) - 100.711) < 1e-9);
    assert.equal(sample(text, 'readinessd_checks_total{step="start",outcome="skipped"}'), 4);
    assert.equal(sample(text, 'readinessd_checks_total{step="start",outcome="failed"}'), 0);
    assert.equal([...text.matchAll(/_bucket\{step="hook"/g)].length, durationBoundsS.length + 1);
  });

  test('count probes by endpoint and by the answer', () => {
    const tally = createTally([]);
    for (const code of [0, 0, 17]) countProbe(tally, '/probe', code);
    countProbe(tally, '/readyz', 104);
    const text = renderMetrics(createVerdictCache(() => 0).read(), tally, 0, figures);
    const probes = (endpoint: string, ready: boolean) => sample(text, `readinessd_probes_total{endpoint="${endpoint}",ready="${ready}"}`);
    assert.deepEqual([probes('/probe', true), probes('/probe', false), probes('/readyz', true), probes('/readyz', false)], [2, 1, 0, 1]);
  });

  test('satisfy promtool, and change with what the daemon does', async (t) => {
    const directory = scratchDirectory(t);
    writeScript(join(directory, 'hook'), 'exit 17');
    const daemon = new TestDaemon(t, alone, directory);
    const scrape = async () => (await daemon.get('/metrics')).body;
    await daemon.expect(/./);
    assert.equal(await promtoolFinds(await scrape()), '');
    await daemon.expect(/^17 /);
    const { body: before } = await daemon.get('/metrics');
    assert.equal(await promtoolFinds(before), '');
    assert.deepEqual([sample(before, 'readinessd_ready'), sample(before, 'readinessd_exit_code')], [0, 17]);
    await daemon.probe();
    replaceScript(join(directory, 'hook'), 'exit 0');
    await daemon.expect(/^0 /);
    const after = await scrape();
    assert.equal(sample(after, 'readinessd_ready'), 1);
    assert.ok((sample(after, 'readinessd_checks_total{step="hook",outcome="failed"}') ?? 0) > 0);
    assert.ok((sample(after, 'readinessd_check_duration_seconds_count{step="hook"}') ?? 0) > 1);
    const probes = 'readinessd_probes_total{endpoint="/probe",ready="false"}';
    assert.ok((sample(after, probes) ?? 0) > (sample(before, probes) ?? 0));
    const changes = 'readinessd_verdict_changes_total';
    assert.equal(sample(after, changes), (sample(before, changes) ?? Number.NaN) + 1);
    await until('it has used processor time', async () => {
      const text = await scrape();
      return (sample(text, 'process_cpu_seconds_total') ?? 0) > 0 && (sample(text, 'process_resident_memory_bytes') ?? 0) > 1e6;
    });
  });
});

/** The output of `promtool check metrics`; '' for nothing. */
async function promtoolFinds(text: string): Promise<string> {
  const child = spawn('promtool', ['check', 'metrics'], { stdio: 'pipe' });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  child.stdin.end(text);
  const [code] = await once(child, 'close');
  return code === 0 ? stdout() + stderr() : `exit code ${code}: ${stdout()}${stderr()}`;
}
