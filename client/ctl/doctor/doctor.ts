import { setFlagsFromString } from 'node:v8';
import { type Command, type Session, writeJson, writeLines } from '../session.ts';
import { checkChecks } from './checks.ts';
import { checkClients } from './clients.ts';
import { checkDaemon } from './daemon.ts';
import { checkEvents } from './events.ts';
import { type Facts, findFacts } from './facts.ts';
import { type Finding, problem } from './finding.ts';
import { checkHook } from './hook.ts';
import { checkStart } from './start.ts';
import { checkSupervisor } from './supervisor.ts';
import { checkSystem } from './system.ts';

/** Along the chain, from the probe's side. */
const checks: readonly (readonly [about: string, check: (facts: Facts) => Finding[] | Promise<Finding[]>])[] = [
  ['daemon', checkDaemon],
  ['supervisord', checkSupervisor],
  ['events', checkEvents],
  ['start', checkStart],
  ['hook', checkHook],
  ['checks', checkChecks],
  ['probe', checkClients],
  ['system', checkSystem],
];

/** Goes through the whole set-up; exits with 1 when there is a problem. It changes nothing, and runs nothing but the probe. */
export const doctor: Command<object> = async (session) => {
  // undici's WebAssembly is compiled once and not optimised, as in the daemon (entry.cjs): that took 35 MB for a moment, which a
  // container may not have.
  for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag);
  const facts = await findFacts(session);
  const findings: Finding[] = [];
  for (const [about, check] of checks) {
    const found = await Promise.resolve(facts)
      .then(check)
      .catch((error: Error): Finding[] => [
        problem(about, `could not be looked at: ${error.message}`, 'a bug in readinessctl, perhaps; the other findings stand'),
      ]);
    findings.push(...found);
  }
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  const problems = count('problem');
  if (session.json) writeJson(session, { problems, warnings: count('warning'), findings });
  else writeLines(session, [...findings.flatMap((finding) => describe(session, finding)), '', summary(problems, count('warning'))]);
  return problems === 0 ? 0 : 1;
};

const words = { ok: ['good', 'OK'], warning: ['warn', 'WARNING'], problem: ['bad', 'PROBLEM'] } as const;

function describe({ paint }: Session, { level, about, message, cure }: Finding): string[] {
  const [style, word] = words[level];
  const line = `${paint(style, word.padEnd(8))} ${about.padEnd(12)} ${message}`;
  return cure === undefined ? [line] : [line, `${' '.repeat(22)}${paint('bold', '->')} ${cure}`];
}

function summary(problems: number, warnings: number): string {
  const some = (count: number, word: string) => `${count === 0 ? 'no' : count} ${word}${count === 1 ? '' : 's'}`;
  return `${some(problems, 'problem')}, ${some(warnings, 'warning')}`;
}
