import { type DestinationStream, type Logger, pino } from 'pino';

/** What waits for a reader who does not read; beyond that lines are dropped, for a full pipe must not stop the daemon. */
const maxWaitingBytes = 256 * 1024;

/**
 * JSON lines on stdout. Writing never blocks: when nobody reads the pipe, lines wait, then are dropped,
 * and the first line that gets through again says how many.
 */
export function createLogger(level: string, stdout: NodeJS.WriteStream = process.stdout): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination(stdout),
  );
}

function destination(stdout: NodeJS.WriteStream): DestinationStream {
  let dropped = 0;
  // A reader that has gone away (EPIPE) is no reason to stop.
  stdout.on('error', () => {});
  return {
    write(line) {
      if (stdout.destroyed) return;
      if (stdout.writableLength > maxWaitingBytes) {
        dropped++;
        return;
      }
      if (dropped > 0) {
        stdout.write(`${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped, msg: 'log lines dropped' })}\n`);
        dropped = 0;
      }
      stdout.write(line);
    },
  };
}
