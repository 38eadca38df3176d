import type { History, Status } from '../../shared/api.ts';
import { type Endpoint, socketEndpoints } from '../../shared/endpoints.ts';
import { historyLines, plain, statusLines, textOf } from '../../shared/status-text.ts';

/** The page that curl shows for GET /. */
export function renderPage(status: Status, history: History): string {
  return [
    ...statusLines(status, plain).map(textOf),
    '',
    'What the verdict was, newest first (UTC):',
    ...historyLines(history, plain).map((line) => `  ${textOf(line)}`),
    '',
    'What there is to ask for:',
    ...socketEndpoints.map(describeEndpoint),
    '',
    '"readinessctl explain" says what the verdict means and what to do, "readinessctl doctor" checks the whole set-up.',
    '',
  ].join('\n');
}

function describeEndpoint({ method, path, what }: Endpoint): string {
  return `  ${method.padEnd(4)} ${path.padEnd(9)} ${what}`;
}
