import { createServer } from 'node:net';

// The floor of a served probe: answers every request with one fixed reply. usage: node server.mjs SOCKET
const body = '0 Ready start passed, hook passed\n';
const reply = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;

createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.end(reply));
}).listen({ path: process.argv[2], backlog: 4096 });
