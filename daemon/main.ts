import { version } from '../shared/version.ts';
import { makeCodeCache } from './code-cache.ts';
import { checkPipeline, type Daemon, startDaemon } from './daemon.ts';
import { SocketError } from './http/socket.ts';
import { createLogger } from './log.ts';
import type { Settings } from './settings/definitions.ts';
import { helpText } from './settings/help.ts';
import { type Print, readSettings, SettingsError } from './settings/settings.ts';
import { CheckFileError, loadChecks } from './steps/checks/load.ts';
import { createPipeline } from './steps/pipeline.ts';
import { EventFeed } from './supervisor/event-feed.ts';

const exitUsage = 2;
const exitFailure = 1;

/** supervisord and container runtimes wait longer, but nobody should have to wait for the daemon to stop. */
const stopBoundMs = 900;

const shownText = {
  help: helpText,
  version: () => `readinessd ${version}\n`,
  'print-supervisor-conf': printSupervisorConf,
  'make-code-cache': makeCodeCache,
};

async function main(): Promise<void> {
  try {
    const request = readSettings(process.argv.slice(2), process.env);
    if (!('settings' in request)) process.stdout.write(await shownText[request.show](request.print));
    else if (request.isCheckOnly) process.stdout.write(await checkConfig(request.settings));
    else await run(request.settings);
  } catch (error) {
    refuse(error);
  }
}

/** Prints to stdout, or writes to a file and says so on stderr. */
async function printSupervisorConf(print: Print): Promise<string> {
  const { supervisorConf } = await import('./print-conf/print-conf.ts');
  const text = supervisorConf(process.argv[1] ?? '', print.isPolling);
  if (print.output === undefined) return text;
  const { writeConf } = await import('./print-conf/write-file.ts');
  const { whyUnread } = await import('./supervisor/unread.ts');
  process.stderr.write(`readinessd: ${writeConf(print.output, text, print)}\n`);
  const unread = whyUnread(print.output, process.env);
  if (unread !== undefined) process.stderr.write(`readinessd: ${unread}\n`);
  return '';
}

/** Says what cannot be used. Any other error is a bug, and thrown again. */
function refuse(error: unknown): void {
  if (!isUsageError(error)) throw error;
  process.stderr.write(lineOf(error));
  process.exitCode = exitUsage;
}

function isUsageError(error: unknown): error is Error {
  return error instanceof SettingsError || error instanceof CheckFileError;
}

/** A line that names a place in a file begins with it, as compilers write it. */
function lineOf(error: Error): string {
  return `${error instanceof CheckFileError ? '' : 'readinessd: '}${error.message}\n`;
}

/** Refuses everything that a start would refuse, and lists what would be checked. */
async function checkConfig(settings: Settings): Promise<string> {
  const checks = await loadChecks(settings, process.env);
  checkPipeline(settings, createPipeline(settings, checks, { environment: process.env }));
  const { listing } = await import('./steps/checks/listing.ts');
  return listing(settings, checks);
}

async function run(settings: Settings): Promise<void> {
  // If the directory in which the daemon was started is removed, no program could be started in it.
  process.chdir('/');
  const log = createLogger(settings.logLevel);
  let daemon: Daemon | undefined;

  const stop = (exitCode: number) => {
    setTimeout(() => {
      // Something hangs in the kernel, perhaps the hook's file system, and exit() would wait for
      // it.
      log.error('killing itself, since it cannot stop');
      process.emit('exit', exitCode);
      process.kill(process.pid, 'SIGKILL');
    }, stopBoundMs).unref();
    void Promise.resolve(daemon?.stop()).finally(() => process.exit(exitCode));
  };
  const fail = (error: Error) => {
    process.stderr.write(lineOf(error));
    stop(isUsageError(error) ? exitUsage : exitFailure);
  };
  // Not once(): at a second signal Node would exit by its own rules, and leave the hook behind.
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => {
      log.info({ signal: name }, 'stopping');
      stop(0);
    });
  }
  // entry.cjs keeps it from Node's inspector.
  process.on('SIGUSR1', () => log.info({ signal: 'SIGUSR1' }, 'signal ignored'));

  const { SUPERVISOR_PROCESS_NAME: name, SUPERVISOR_GROUP_NAME: group } = process.env;
  const own = name === undefined || group === undefined ? undefined : { name, group };
  const events = settings.events ? new EventFeed(() => performance.now(), own) : undefined;
  try {
    const checks = await loadChecks(settings, process.env);
    const pipeline = createPipeline(settings, checks, { environment: process.env, own, ...(events === undefined ? {} : { events }) });
    daemon = await startDaemon(settings, pipeline, log, fail, events);
    // Not earlier, because the receiver of events must exist.
    events?.listen(process.stdin, process.stdout, daemon);
  } catch (error) {
    if (!(error instanceof SocketError || isUsageError(error))) throw error;
    fail(error);
  }
}

void main();
