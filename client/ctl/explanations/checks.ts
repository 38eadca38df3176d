import type { Reason } from '../../../shared/exit-codes.ts';
import type { Explanation } from './explanation.ts';

/** Explains the reasons of declared checks. */
export const checkExplanations = {
  ProgramNotRunning: {
    about: 'checks',
    meaning:
      'a program that READINESSD_PROGRAMS or a check names is not RUNNING under supervisord, or has not been up for long enough, or is not there. A restarted program counts once it has been up for READINESSD_SETTLED_AFTER, 10 s by default.',
    causes: [
      'BACKOFF, FATAL, EXITED: it does not stay up; its own log says why',
      'it keeps being restarted: it crashes, though supervisord shows it as RUNNING (startsecs=0, pidproxy)',
      'STOPPED: nobody has started it (autostart=false), or somebody has stopped it',
      'it is not there: its name is misspelt (name a group by its name, or as GROUP:*), or no "supervisorctl update" has loaded it',
      'it has just been started or restarted: wait until it has settled',
    ],
    actions: [
      'see its state: supervisorctl status; see what it printed: supervisorctl tail PROGRAM stderr',
      'it is meant to run once and end: declare it with state: exited, or leave it out with -NAME',
      '"readinessctl check" looks again at once',
    ],
  },
  CheckFailed: {
    about: 'checks',
    meaning: 'a check that a file in /etc/readinessd/checks.d declares has failed; the message names it, and says what was found.',
    causes: [
      'connection refused: the service does not listen (yet), or at another port or address',
      'no answer in time: it hangs, or needs more time than the timeout of the check',
      'a status other than 2xx: it listens, but is not well; 3xx: declare the URL that it redirects to',
      'an exit code: the command says that something is wrong; its output is shown',
    ],
    actions: [
      'see each check: readinessctl status',
      'ask it yourself, inside the container: curl -i URL; nc -z ADDRESS PORT; or run the command',
      'see what is declared: readinessd --check-config',
      '"readinessctl check" looks again at once',
    ],
  },
} satisfies Partial<Readonly<Record<Reason, Explanation>>>;
