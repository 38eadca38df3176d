import { formatDuration } from '../duration.ts';
import type { Words } from './words.ts';

interface Server {
  /** Where it is asked, without user and password. */
  readonly url: string;
}

/** The result of looking for user and password in supervisord's own configuration. */
export type PasswordLookup = 'not-looked-for' | 'only-a-hash' | 'none-there' | 'unreadable' | 'no-configuration' | 'refused';

/** Words for supervisord's answers, or the lack of them. */
export const supervisordWords = {
  'supervisord-unreachable': ({ url, why }: Server & { why: string }): Words => ({
    message: `cannot ask supervisord at ${url}: ${why}`,
    fix: [
      'see whether supervisord runs, and has a section [unix_http_server] with file= that path',
      'it listens elsewhere: set READINESSD_SUPERVISOR_URL for the daemon',
      'this container has no supervisord: set READINESSD_START_STEP=off',
    ],
  }),
  'supervisord-silent': ({ url, timeoutMs }: Server & { timeoutMs: number }): Words => ({
    message: `cannot ask supervisord at ${url}: no whole answer within ${formatDuration(timeoutMs)}`,
    cause: 'It is stopped (SIGSTOP, a frozen cgroup), or busy: it does one thing at a time.',
    fix: ['see its state: ps -o pid,stat,wchan,cmd -C supervisord; T is stopped: kill -CONT PID'],
  }),
  'supervisord-password': ({ url, lookup, place = '' }: Server & { lookup: PasswordLookup; place?: string }): Words => ({
    message: `supervisord at ${url} answered with HTTP 401: user or password is missing or wrong (READINESSD_SUPERVISOR_USER, READINESSD_SUPERVISOR_PASSWORD)${sayLookup(lookup, place)}`,
    fix: [
      `set READINESSD_SUPERVISOR_USER and READINESSD_SUPERVISOR_PASSWORD in environment= of the daemon's section to ${lookup === 'only-a-hash' ? 'the user, and the password itself' : 'username= and password= of [unix_http_server] (or [inet_http_server])'}`,
      'supervisorctl update',
    ],
  }),
  'supervisord-no-rpc': ({ url, status }: Server & { status: number }): Words => ({
    message: `supervisord at ${url} answered with HTTP ${status}, not 200`,
    cause: 'Its configuration has no section [rpcinterface:supervisor], or something else listens there.',
    fix: [
      'add to its configuration: [rpcinterface:supervisor] with supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface; start the container again',
    ],
  }),
  'supervisord-http-status': ({ url, status }: Server & { status: number }): Words => ({
    message:
      status === 500
        ? `supervisord at ${url} answered with HTTP 500: its log has the reason; it cannot tell a number of 2 GiB or more, as of stdout_capture_maxbytes in the section of any program`
        : `supervisord at ${url} answered with HTTP ${status}, not 200`,
    fix: ["read supervisord's log: supervisorctl maintail", 'see whether READINESSD_SUPERVISOR_URL is really the address of supervisord'],
  }),
  'supervisord-stopping': (): Words => ({
    message: 'supervisord is stopping or reloading (fault 6, SHUTDOWN_STATE)',
    fix: ['wait until its programs have ended'],
  }),
  'supervisord-fault': ({ code, text }: { code: string; text: string }): Words => ({
    message: `supervisord answered with fault ${code}, ${text}`,
    ...(code === '1' ? { cause: 'Its configuration has no section [rpcinterface:supervisor].' } : {}),
    fix: [
      code === '1'
        ? 'add to its configuration: [rpcinterface:supervisor] with supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface; start the container again'
        : "read supervisord's log: supervisorctl maintail",
    ],
  }),
  'supervisord-unreadable': ({ why }: { why: string }): Words => ({
    message: `supervisord's answer cannot be read: ${why}`,
    fix: ['see whether READINESSD_SUPERVISOR_URL is really the address of supervisord'],
  }),
  'supervisord-too-long': ({ bytes }: { bytes: number }): Words => ({
    message: `supervisord's answer is larger than ${bytes} bytes`,
    fix: ['see whether READINESSD_SUPERVISOR_URL is really the address of supervisord'],
  }),
};

function sayLookup(lookup: PasswordLookup, place: string): string {
  switch (lookup) {
    case 'not-looked-for':
      return '';
    case 'only-a-hash':
      return `; ${place} has only a hash of the password, so both must be set`;
    case 'none-there':
      return `; ${place} has no password for this address`;
    case 'unreadable':
      return `; ${place} cannot be read`;
    case 'no-configuration':
      return "; supervisord's configuration is not found";
    case 'refused':
      return `; those of ${place} are refused`;
  }
}
