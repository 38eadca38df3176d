import { definitions } from '../../daemon/settings/definitions.ts';
import { notes, printFlags, shownTexts, summary, synopsis } from '../../daemon/settings/help.ts';
import { defaultSocketPath } from '../../shared/defaults.ts';
import { type Endpoint, socketEndpoints, tcpEndpoints } from '../../shared/endpoints.ts';
import type { PageBody } from './pages.ts';
import { bold, example, italic, paragraph, type Roff, section, subsection, tagged, usage } from './roff.ts';

/** Of the daemon. */
export function readinessdPage(): PageBody {
  const settings = Object.values(definitions);
  return {
    name: 'readinessd',
    section: '8',
    purpose: 'readiness of a container whose services run under supervisord',
    parts: [
      section('SYNOPSIS', `${bold('readinessd')} ${usage(synopsis)}\n`),
      section(
        'DESCRIPTION',
        paragraph(summary),
        paragraph(`supervisord runs it, by the entry that comes with it. With --events it is an event listener: supervisord tells it at once
          what happens, and its stdin and stdout belong to that protocol. It logs JSON lines on stderr, one for each change of the
          verdict.`),
      ),
      section(
        'OPTIONS',
        paragraph('Each is also an environment variable; the flag wins.'),
        ...settings.map(({ flag, placeholder, variable, defaultText, help }) =>
          tagged(
            `${bold(`--${flag}`)}${placeholder === '' ? '' : ` ${italic(placeholder)}`}, ${bold(variable)}`,
            `${help}${defaultText === undefined ? '' : ` [${defaultText}]`}.`,
          ),
        ),
        ...Object.entries(shownTexts).map(([flag, text]) => tagged(bold(`--${flag}`), `${text}.`)),
        ...printFlags.map(([flag, placeholder, text]) =>
          tagged(`${bold(flag)}${placeholder === '' ? '' : ` ${italic(placeholder)}`}`, `with --print-supervisor-conf: ${text}.`),
        ),
        paragraph(notes),
      ),
      section(
        'API',
        paragraph('HTTP/1.1. All answers come from memory, except that of POST /check.'),
        subsection('On the Unix socket', ...socketEndpoints.map(endpointPart)),
        subsection('Over TCP, if READINESSD_LISTEN is set', ...tcpEndpoints.map(endpointPart)),
      ),
      section(
        'EXIT STATUS',
        tagged(bold('0'), 'it was stopped by SIGTERM, SIGINT or SIGHUP.'),
        tagged(
          bold('1'),
          'it cannot run: it cannot listen on the socket or the TCP address, or there is no suitable Node.js. One line on stderr says why.',
        ),
        tagged(
          bold('2'),
          'a setting or a file of checks cannot be used, or a file cannot be written. One line on stderr says what would help.',
        ),
      ),
      section(
        'FILES',
        tagged(italic(defaultSocketPath), 'the socket.'),
        tagged(italic(definitions.hookPath.defaultText), 'your hook: any executable; exit code 0 is good.'),
        tagged(
          italic(`${definitions.checksDirectory.defaultText}/*.yaml`),
          'your checks: programs, http, tcp, exec. They are read once, at the start; --check-config checks and lists them.',
        ),
        tagged(italic('/etc/supervisor/conf.d/readinessd.conf'), "supervisord's entry."),
      ),
      section(
        'EXAMPLES',
        example('readinessd --print-supervisor-conf -o /etc/supervisor/conf.d/readinessd.conf'),
        example('READINESSD_PROGRAMS="nginx php-fpm" readinessd --check-config'),
        example(`curl --unix-socket ${defaultSocketPath} http://localhost/`),
      ),
      section('SEE ALSO', `${bold('readinessctl')}(1), ${bold('readiness_probe.sh')}(1), ${bold('supervisord')}(1)\n`),
    ],
  };
}

function endpointPart({ method, path, what }: Endpoint): Roff {
  return tagged(bold(`${method} ${path}`), `${what}.`);
}
