import { createServer } from 'node:net';

// The floor of a daemon's memory: Node with a timer and a listening socket. usage: node memory.mjs SOCKET
setInterval(() => {}, 10_000);
createServer().listen(process.argv[2]);
