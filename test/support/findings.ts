import assert from 'node:assert/strict';
import { Check } from 'typebox/value';
import { type Status, StatusSchema } from '../../shared/api.ts';
import { type VerdictFinding, wordsOf } from '../../shared/findings/findings.ts';

/** Asserts that an answer to GET /status matches its schema, and that its findings contain what its messages say. */
export function assertStatus(status: unknown): asserts status is Status {
  assert.ok(Check(StatusSchema, status), `not as the schema of /status says: ${JSON.stringify(status)}`);
  assert.equal(status.finding === undefined, status.ready, 'a finding, unless it is ready');
  assertReproduced(status);
  for (const step of status.steps) {
    assert.equal(step.finding !== undefined, step.outcome === 'failed', 'a finding of what failed, and of nothing else');
    assertReproduced(step);
  }
}

function assertReproduced({ finding, message }: { readonly finding?: { readonly kind: string }; readonly message: string }): void {
  if (finding === undefined) return;
  const words = wordsOf(finding as VerdictFinding).message;
  assert.ok(message.includes(words), `the finding says ${JSON.stringify(words)}, and the message ${JSON.stringify(message)}`);
}
