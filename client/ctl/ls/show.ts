import { sayDuration } from '../../../shared/duration.ts';
import { firstLine } from '../../../shared/reply.ts';
import type { Paint } from '../../../shared/status-text.ts';
import { type Container, type Machine, shorten } from './containers.ts';

const head = ['container', 'id', 'for'];

/** The result for people: a line for each container, and notes below. The lines have no newline at their end. */
export function machineLines({ containers, hidden }: Machine, paint: Paint): string[] {
  const cells = containers.map((container) => [container.name || '?', shownId(container), shownTime(container)]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const aligned = (row: readonly string[] = []) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  const rows = containers.map(({ answer }, index) => {
    return `${aligned(cells[index])}  ${paint(answer.code === 0 ? 'good' : 'bad', firstLine(answer))}`;
  });
  const ready = containers.filter(({ answer }) => answer.code === 0).length;
  return [
    ...(rows.length === 0 ? ['no container with a readinessd was found'] : [paint('dim', `${aligned(head)}  verdict`), ...rows, '']),
    ...(rows.length === 0 ? [] : [`${ready} of ${rows.length} ready`]),
    ...(hidden === 0
      ? []
      : [paint('warn', `${hidden === 1 ? '1 process' : `${hidden} processes`} cannot be looked at, so there may be more containers`)]),
  ];
}

/** The same for programs. */
export function machineJson(machine: Machine): object {
  const containers = machine.containers.map(({ name, ids, pid, answer: { code, reason, message }, unchangedForMs }) => ({
    ...(name === '' ? {} : { name }),
    ...(ids.length === 0 ? {} : { id: ids.at(-1) }),
    pid,
    ready: code === 0,
    code,
    reason,
    message,
    ...(unchangedForMs === undefined ? {} : { unchangedForMs }),
  }));
  return { ready: isReady(machine), hiddenProcesses: machine.hidden, containers };
}

/** Whether there is a container, all are ready, and none can be missing. */
export function isReady({ containers, hidden }: Machine): boolean {
  return containers.length > 0 && hidden === 0 && containers.every(({ answer }) => answer.code === 0);
}

function shownId({ ids, pid }: Container): string {
  return ids[0] === undefined ? `pid ${pid}` : shorten(ids[0]);
}

function shownTime({ unchangedForMs }: Container): string {
  return unchangedForMs === undefined ? '?' : sayDuration(unchangedForMs);
}
