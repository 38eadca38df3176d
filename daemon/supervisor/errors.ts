import { wordsOf } from '../../shared/findings/findings.ts';
import type { supervisordWords } from '../../shared/findings/supervisord.ts';
import type { FindingIn } from '../../shared/findings/words.ts';

export type SupervisordFinding = FindingIn<typeof supervisordWords>;

/** supervisord could not be asked, or gave a wrong answer. */
abstract class SupervisorError extends Error {
  readonly finding: SupervisordFinding;

  constructor(finding: SupervisordFinding, options?: ErrorOptions) {
    super(wordsOf(finding).message, options);
    this.finding = finding;
  }
}

/** No socket, connection refused, or no answer in time. */
export class SupervisorUnreachableError extends SupervisorError {}

/** An answer that cannot be used. */
export class SupervisorBadReplyError extends SupervisorError {}
