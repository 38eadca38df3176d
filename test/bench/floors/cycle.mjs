import { execa } from 'execa';
import { Client } from 'undici';

// The floor of a cycle: each period it makes these calls to supervisord with undici, starts this hook with
// execa, and ignores the results.
// It leaves out calls or hook if none are given.
// usage: node cycle.mjs PERIOD_MS SUPERVISOR_SOCKET METHOD,... HOOK
const [periodMs, socketPath, methods, hook] = process.argv.slice(2);
const client = new Client('http://localhost', { socketPath, keepAliveTimeout: 120_000 });

setInterval(async () => {
  for (const method of methods.split(',').filter(Boolean)) {
    const body = `<?xml version="1.0"?><methodCall><methodName>supervisor.${method}</methodName><params/></methodCall>`;
    const response = await client.request({ method: 'POST', path: '/RPC2', headers: { 'content-type': 'text/xml' }, body });
    await response.body.text();
  }
  if (hook !== '') await execa(hook, { reject: false });
}, Number(periodMs));
