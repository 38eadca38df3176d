import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { StepStatus } from '../../shared/api.ts';
import { alone, type Launch, TestDaemon } from './daemon.ts';
import { freePort } from './port.ts';
import { type Context, cleanUp, scratchDirectory, until } from './scratch.ts';

/**
 * A daemon with these checks and nothing else to look at.
 *
 * @param checks - the text under `checks:`, indented by two
 */
export function daemonOf(t: Context, checks: string, settings: Record<string, string> = {}, launch?: Launch): TestDaemon {
  const directory = scratchDirectory(t);
  mkdirSync(join(directory, 'checks.d'));
  writeFileSync(join(directory, 'checks.d/a.yaml'), `checks:\n${checks}\n`);
  return new TestDaemon(t, { ...alone, READINESSD_CHECKS_DIR: join(directory, 'checks.d'), ...settings }, directory, launch);
}

/** A simple server of the test's own. */
export async function serve(t: Context, answer: (socket: Socket) => void, host = '127.0.0.1', port?: number): Promise<number> {
  const at = port ?? (await freePort(host));
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    answer(socket);
  }).listen(at, host);
  await once(server, 'listening');
  cleanUp(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return at;
}

/** What each check says, by name, once each has said the same for this many cycles. */
export async function saidBy(daemon: TestDaemon, cycles = 4): Promise<Record<string, string>> {
  const seen = new Map<string, Set<string>>();
  const first = await until('a cycle has ended', async () => {
    const status = await daemon.status().catch(() => undefined);
    return status !== undefined && status.cycles > 0 ? status : undefined;
  });
  await until(`${cycles} cycles have been seen`, async () => {
    const status = await daemon.status();
    for (const step of status.steps) note(seen, step);
    return status.cycles >= first.cycles + cycles;
  });
  return Object.fromEntries([...seen].map(([name, lines]) => [name, [...lines].join('\nand then ')]));
}

function note(seen: Map<string, Set<string>>, { name, outcome, message }: StepStatus): void {
  const lines = seen.get(name) ?? new Set();
  seen.set(name, lines.add(`${outcome}: ${message.replace(/^check "[^"]*": /, '')}`));
}
