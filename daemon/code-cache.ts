import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { createLogger } from './log.ts';
import { readSettings, SettingsError } from './settings/settings.ts';
import { createPipeline } from './steps/pipeline.ts';

/** Saves the code that V8 has compiled so far, and returns the file's path (load.cjs). */
declare const saveCodeCache: () => string;

/**
 * Makes the code cache. A daemon runs a few cycles with a good supervisord and a good hook, so that
 * V8 compiles everything that a start needs. Then the compiled code is saved.
 *
 * @returns what to tell the user
 * @throws SettingsError when it cannot be written
 */
export async function makeCodeCache(): Promise<string> {
  try {
    const directory = mkdtempSync(join(tmpdir(), 'readinessd-'));
    await rehearse(directory).finally(() => rmSync(directory, { recursive: true, force: true }));
    return `wrote ${saveCodeCache()}\n`;
  } catch (error) {
    throw new SettingsError(`cannot make the code cache: ${(error as Error).message}; run it as root, while the image is built`);
  }
}

async function rehearse(directory: string): Promise<void> {
  const at = (name: string) => join(directory, name);
  writeFileSync(at('hook'), '#!/bin/sh\n', { mode: 0o755 });
  const supervisord = createServer((asked, response) => {
    let body = '';
    asked.on('data', (chunk: Buffer) => {
      body += chunk;
    });
    asked.on('end', () => response.end(answer(body.includes('getAllConfigInfo') ? configuration : processes)));
  });
  supervisord.listen(at('supervisor.sock')).unref();
  await once(supervisord, 'listening');
  const asked = readSettings([], {
    READINESSD_SOCKET: at('readinessd.sock'),
    READINESSD_SUPERVISOR_URL: `unix://${at('supervisor.sock')}`,
    READINESSD_HOOK: at('hook'),
    READINESSD_HOOK_SAFETY_CHECK: 'off',
  });
  if (!('settings' in asked)) throw new Error('no settings');
  const { settings } = asked;
  const daemon = await startDaemon(settings, createPipeline(settings, [], { environment: {} }), createLogger('silent'), () => {});
  try {
    for (let left = 2; left > 0; left--) await ask(settings.socketPath, 'POST', '/check');
    await ask(settings.socketPath, 'GET', '/probe');
  } finally {
    await daemon.stop();
    supervisord.closeAllConnections();
    supervisord.close();
  }
}

async function ask(socketPath: string, method: string, path: string): Promise<void> {
  const asked = request({ socketPath, method, path }).end();
  const [response] = await once(asked, 'response');
  await once(response.resume(), 'end');
}

/** start.sh after a good end, with the member names of supervisord's answers. */
const start = { name: 'start', group: 'start', start: 1, stop: 2, now: 100, state: 100, spawnerr: '', exitstatus: 0, pid: 0 };
const processes = [
  { ...start, description: '' },
  { ...start, name: 'service', group: 'service', state: 20, pid: 2, description: 'pid 2' },
];
const configuration = processes.map(({ name, group }) => ({ name, group, command: name, inuse: 1 }));

function answer(structs: readonly Readonly<Record<string, string | number>>[]): string {
  const value = (of: string | number) => (typeof of === 'number' ? `<int>${of}</int>` : `<string>${of}</string>`);
  const member = ([name, of]: readonly [string, string | number]) =>
    `<member>\n<name>${name}</name>\n<value>${value(of)}</value>\n</member>\n`;
  const data = structs.map((members) => `<value><struct>\n${Object.entries(members).map(member).join('')}</struct></value>\n`).join('');
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n${data}</data></array></value>\n</param>\n</params>\n</methodResponse>\n`;
}
