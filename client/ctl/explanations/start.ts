import type { Reason } from '../../../shared/exit-codes.ts';
import type { Explanation } from './explanation.ts';

/** Explains the reasons of start.sh, and of supervisord, which reports its state. */
export const startExplanations = {
  StartNotFinished: {
    about: 'start',
    meaning: 'start.sh, which does the real initialisation, has not finished yet.',
    causes: [
      'it is still running, as it should while a container starts; how long it takes is its own business',
      'it waits for something that does not come (a database, another container, a lock)',
      'nobody has started it: autostart=false in its section, and what should start it has not',
      'BACKOFF: it ended sooner than startsecs (1 s by default), so supervisord takes even a success for a failed start: it needs startsecs=0',
      'it exits with code 0 again and again: autorestart=true in its section',
      'a "supervisorctl reread" brought it into the configuration, and no "update" loaded it',
      'it is a service that never ends, and is called start or has a command that mentions start.sh',
      'READINESSD_START_PROGRAMS names a program that supervisord does not have',
    ],
    actions: [
      'see its state: supervisorctl status (and "readinessctl doctor", which knows the traps)',
      'see what it does: supervisorctl tail start, or the log of the container; ps -ef --forest shows what it waits for',
      'never started: supervisorctl start start; not loaded: supervisorctl update',
      'in its section: startsecs=0, autorestart=false; then supervisorctl update',
      'a service: READINESSD_START_PROGRAMS names what to wait for instead, or none',
    ],
  },
  SupervisorUnreachable: {
    about: 'supervisord',
    meaning:
      'supervisord could not be asked: its socket is not there, it refuses, or it does not answer in time. So nobody knows whether start.sh has succeeded.',
    causes: [
      'supervisord has no [unix_http_server] section, or its file= is another path than the daemon was told',
      'supervisord is frozen, or busy for seconds (many programs, a slow event listener)',
      'READINESSD_SUPERVISOR_URL is wrong (it wins over what supervisord tells its programs)',
      'readinessd runs as a user who may not open the socket (its chmod= and chown=)',
      'supervisord is down, or there is none: a container without supervisord needs READINESSD_START_STEP=off',
    ],
    actions: [
      'ask it yourself: supervisorctl -s unix:///var/run/supervisor.sock status',
      'compare: grep -A3 unix_http_server /etc/supervisor/supervisord.conf, and "readinessctl status --json" (settings.supervisor)',
      'frozen: ps -o stat,wchan,cmd -C supervisord; it is often PID 1, and then only a restart of the container helps',
    ],
  },
  SupervisorBadReply: {
    about: 'supervisord',
    meaning: 'supervisord answered, but not with what was asked for.',
    causes: [
      'it is shutting down or reloading (SHUTDOWN_STATE): over when its programs have ended',
      'HTTP 401: its socket asks for username= and password=. They are neither set nor found in its configuration, or it refuses them (if it has only a hash, set both)',
      'UNKNOWN_METHOD, or HTTP 404: [rpcinterface:supervisor] is missing in its configuration',
      'the URL leads to something other than supervisord',
    ],
    actions: [
      'reload or shutdown: wait until it is over',
      '401: READINESSD_SUPERVISOR_USER and READINESSD_SUPERVISOR_PASSWORD in environment= of its section',
      'missing interface: add [rpcinterface:supervisor] with supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface, and start the container again',
    ],
  },
  StartFailed: {
    about: 'start',
    meaning:
      'start.sh exited with a code other than 0, or a signal killed it. The container is not initialised until start.sh has run again and succeeded.',
    causes: ['an error in start.sh, or something that it needs was not there', 'it was killed: by somebody, or by the kernel for memory'],
    actions: [
      'read what it printed last: supervisorctl tail start, supervisorctl tail start stderr, or the log of the container',
      'killed by a signal: dmesg | grep -i "killed process", and the memory limit of the container',
      'fix the cause, then run it again: supervisorctl start start',
      'readinessctl wait then says when it is ready',
    ],
  },
  StartFatal: {
    about: 'start',
    meaning:
      'supervisord gave up on start.sh (FATAL): it could not be started, or ended sooner than startsecs, several times. supervisord does not tell its exit code.',
    causes: [
      'it does its work at once and exits with code 0, but its section lacks startsecs=0: with the default of 1 s that counts as a failed start',
      'it fails at once',
      'its command does not exist, or is not executable ("can\'t find command")',
    ],
    actions: [
      'in [program:start]: startsecs=0 and autorestart=false; then supervisorctl update',
      'run it by hand to see its exit code, if it may be run twice',
      'fix the cause, then run it again: supervisorctl start start',
    ],
  },
  StartUnknown: {
    about: 'start',
    meaning:
      'it cannot be told whether start.sh has succeeded: supervisord has it in an unknown state, or does not say what a live program runs.',
    causes: [
      'a program still runs that a "supervisorctl reread" took out of the configuration, and no "update" followed',
      "supervisor older than 4.0, which does not tell programs' commands",
      'an internal error of supervisord (state UNKNOWN)',
    ],
    actions: [
      'bring configuration and processes together: supervisorctl update',
      'call the program "start", so that its command need not be known',
      'read the log of supervisord: supervisorctl maintail',
    ],
  },
  StartStopped: {
    about: 'start',
    meaning: 'start.sh had been started, and somebody stopped it before it ended.',
    causes: ['somebody ran "supervisorctl stop start" or "stop all"', 'another program stops it over RPC'],
    actions: ['run it again: supervisorctl start start', 'find who stopped it: supervisorctl maintail -50000 | grep start'],
  },
} satisfies Partial<Readonly<Record<Reason, Explanation>>>;
