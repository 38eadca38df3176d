import { probeSynopsis } from '../../client/probe-help.ts';
import {
  defaultProbeTimeoutMs,
  defaultSocketPath,
  maxProbeTimeoutMs,
  probeTimeoutVariable,
  socketVariable,
} from '../../shared/defaults.ts';
import { exitCodeParts } from './exit-codes.ts';
import type { PageBody } from './pages.ts';
import { bold, example, italic, paragraph, section, tagged, usage } from './roff.ts';

/** Of the probe. */
export function readinessProbePage(): PageBody {
  return {
    name: 'readiness_probe.sh',
    section: '1',
    purpose: 'tell whether this container is ready',
    parts: [
      section('SYNOPSIS', `${bold('readiness_probe.sh')} ${usage(probeSynopsis)}\n`),
      section(
        'DESCRIPTION',
        paragraph(`Asks readinessd over its socket and exits with the code of the answer: 0 is ready, and any other code says what is
          wrong. If anything breaks on the way, the code is not 0.`),
        paragraph(`The first line of its output is always "CODE REASON message", and always the same for the same situation.
          If the hook or the command of a check failed, the end of its output follows. The whole output is shorter than 1 KiB.`),
      ),
      section(
        'OPTIONS',
        tagged(`${bold('--socket')} ${italic('PATH')}`, `the daemon's socket; wins over ${socketVariable}.`),
        tagged(bold('--help'), 'show this help.'),
        tagged(bold('--version'), 'show the version.'),
      ),
      section('EXIT STATUS', ...exitCodeParts()),
      section(
        'ENVIRONMENT',
        tagged(
          bold(socketVariable),
          `the daemon's socket (${defaultSocketPath}). Set it in the container's environment, which the kubelet's probe sees.`,
        ),
        tagged(
          bold(probeTimeoutVariable),
          `how many milliseconds the probe may take, from 1 to ${maxProbeTimeoutMs} (${defaultProbeTimeoutMs}).`,
        ),
      ),
      section(
        'EXAMPLES',
        paragraph('In the pod:'),
        example(`readinessProbe:
  exec:
    command: ["/usr/bin/readiness_probe.sh"]
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 1`),
      ),
      section('SEE ALSO', `${bold('readinessctl')}(1), ${bold('readinessd')}(8)\n`),
    ],
  };
}
