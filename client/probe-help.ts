import { defaultSocketPath, socketVariable } from '../shared/defaults.ts';

/**
 * The help texts of both probe clients. The build gives them to the native client, and the man page is made
 * from them.
 */

export const probeSynopsis = '[--socket PATH] [--help] [--version]';

export const probeUsage = `usage: readiness_probe.sh ${probeSynopsis}`;

export const probeHelp = `${probeUsage}

Asks readinessd (${socketVariable}, default ${defaultSocketPath}) and exits with the code of the answer: 0 is ready.
`;
