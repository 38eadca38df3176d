import { formatDuration } from '../duration.ts';
import { shellWord, type Words } from './words.ts';

/** A declared http or tcp check: its kind and what it asks, in one line and without secrets. */
interface Endpoint {
  readonly check: string;
}

const lookAgain = 'when it is fixed: readinessctl check';

/** Words for the endpoint of an http or tcp check. */
export const endpointWords = {
  'endpoint-refused': ({ check }: Endpoint): Words => ({
    message: `${check}: connection refused`,
    cause: 'Nothing listens there: the service does not run, is still starting, or listens at another address or port.',
    fix: ['see whether it runs: supervisorctl status; and where it listens: ss -ltnxp', lookAgain],
  }),
  'endpoint-silent': ({ check, timeoutMs }: Endpoint & { timeoutMs: number }): Words => ({
    message: `${check}: no answer within ${formatDuration(timeoutMs)}`,
    cause: 'The service hangs, is overloaded, or needs more time than the timeout of the check.',
    fix: ["see what it does: its log; it only needs longer: raise the check's timeout", lookAgain],
  }),
  'endpoint-no-socket': ({ check }: Endpoint): Words => ({
    message: `${check}: there is no such socket`,
    fix: ['see whether the service runs: supervisorctl status; and which sockets there are: ss -lxp', lookAgain],
  }),
  'endpoint-unusable': ({ check, why }: Endpoint & { why: string }): Words => ({ message: `${check}: ${why}`, fix: [lookAgain] }),
  'endpoint-status': ({ check, status, url, socket }: Endpoint & { status: number; url: string; socket?: string }): Words => ({
    message: `${check}: status ${status}`,
    cause: 'The service answers, and says that it is not well.',
    fix: [`see what it says: curl -i ${socket === undefined ? '' : `--unix-socket ${shellWord(socket)} `}${shellWord(url)}`, lookAgain],
  }),
  'endpoint-redirects': ({ check, status, location }: Endpoint & { status: number; location: string }): Words => ({
    message: `${check}: status ${status}, a redirection to ${location}`,
    cause: 'Redirections are not followed.',
    fix: ["set the check's url to one that answers by itself", lookAgain],
  }),
};
