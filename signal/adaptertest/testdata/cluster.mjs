// Stock socket.io-clients on several servers answer what one of those asks them:
// node cluster.mjs URL... It says "connected" when all are there, and ends when
// all were sent away.
import { createRequire } from 'node:module';

const { io } = createRequire(new URL('../../../web/package.json', import.meta.url))('socket.io-client');
const urls = process.argv.slice(2);

const connected = urls.map((url, i) => new Promise((done, fail) => {
  const socket = io(url, { forceNew: true, auth: { name: `stock ${i}` }, transports: i % 2 ? ['websocket'] : ['polling'] });
  socket.on('question', (n, answer) => answer(n * 2, Buffer.from([i])));
  socket.on('connect', () => done());
  socket.on('connect_error', fail);
}));
await Promise.all(connected);
console.log('connected');
