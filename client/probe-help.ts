import { defaultSocketPath, socketVariable } from '../shared/defaults.ts';

/** What both probe clients say of themselves, once: the native one gets it by the build, the man page is made from it. */

export const probeSynopsis = '[--socket PATH] [--help] [--version]';

export const probeUsage = `usage: readiness_probe.sh ${probeSynopsis}`;

export const probeHelp = `${probeUsage}

Asks readinessd (${socketVariable}, default ${defaultSocketPath}) and exits with the code that it answers: 0 is ready.
`;
