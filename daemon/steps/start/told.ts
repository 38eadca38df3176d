import type { ProcessInfo } from '../../supervisor/client.ts';
import type { SupervisorEvent } from '../../supervisor/event-parser.ts';
import { keyOf } from '../../supervisor/names.ts';
import type { Heard } from '../step.ts';
import { judgeTold, supervisordIsStopping } from './judge.ts';
import type { StartProgramBook } from './start-programs.ts';

/** What supervisord's events say of start.sh: reasons to look, and failures, but never success. */
export class Told {
  readonly #book: StartProgramBook;
  /** Programs whose last event says that they have ended. */
  readonly #ends = new Set<string>();
  #news = 0;
  /**
   * Everything that supervisord reported before the book was last updated has been heard. So if an
   * event now reports that a group was removed, that came later, and the group's processes in the
   * book are gone.
   */
  isCaughtUp = false;

  constructor(book: StartProgramBook) {
    this.#book = book;
  }

  /** How many events so far may have changed start's result. */
  get news(): number {
    return this.#news;
  }

  /** See Watcher. */
  hear(event: SupervisorEvent, mayBeOver: boolean): Heard {
    const { name } = event;
    if (name.startsWith('TICK_')) return 'look';
    if (name.startsWith('PROCESS_STATE_')) return this.#hearOfProcess(event, mayBeOver);
    if (!name.startsWith('PROCESS_GROUP_') && !name.startsWith('SUPERVISOR_STATE_CHANGE_')) return 'nothing';
    const isReplaced = name === 'PROCESS_GROUP_REMOVED' && this.isCaughtUp;
    if (isReplaced) this.#book.forgetGroup(event.fields['groupname'] ?? '');
    if (isReplaced || !mayBeOver) this.#news++;
    return name === 'SUPERVISOR_STATE_CHANGE_STOPPING' ? supervisordIsStopping : 'look';
  }

  /** See Watcher. */
  forget(): void {
    this.#news++;
    this.#ends.clear();
  }

  /** Whether the last event of each says that it has ended. */
  endsOf(processes: readonly ProcessInfo[]): boolean {
    return processes.every((process) => this.#ends.has(keyOf(process)));
  }

  #hearOfProcess({ name, fields }: SupervisorEvent, mayBeOver: boolean): Heard {
    const program = { name: fields['processname'] ?? '', group: fields['groupname'] ?? '' };
    const by = this.#book.whatIs(program);
    if (by === 'nothing') return 'nothing';
    if (!mayBeOver) this.#news++;
    if (name === 'PROCESS_STATE_EXITED') this.#ends.add(keyOf(program));
    else this.#ends.delete(keyOf(program));
    return (by === undefined || mayBeOver ? undefined : judgeTold({ ...program, by }, name)) ?? 'look';
  }
}
