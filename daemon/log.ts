import { type DestinationStream, type Logger, pino } from 'pino';

/** The most bytes that wait for a reader. Further lines are dropped, because a full pipe must not stop the daemon. */
const maxWaitingBytes = 256 * 1024;

/**
 * Writes JSON lines to stderr; stdout belongs to supervisord's events. Writing never blocks: when
 * nobody reads the pipe, lines wait, then are dropped, and the first line after that says how many.
 */
export function createLogger(level: string, stderr: NodeJS.WriteStream = process.stderr): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination(stderr),
  );
}

function destination(stderr: NodeJS.WriteStream): DestinationStream {
  let dropped = 0;
  // A reader that has gone away (EPIPE) is no reason to stop.
  stderr.on('error', () => {});
  return {
    write(line) {
      if (stderr.destroyed) return;
      if (stderr.writableLength > maxWaitingBytes) {
        dropped++;
        return;
      }
      if (dropped > 0) {
        stderr.write(`${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped, msg: 'log lines dropped' })}\n`);
        dropped = 0;
      }
      stderr.write(line);
    },
  };
}
