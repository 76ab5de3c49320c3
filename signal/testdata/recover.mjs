// Lets the stock socket.io-client recover: node recover.mjs URL TRANSPORTS.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { io } = createRequire(new URL('../../web/package.json', import.meta.url))('socket.io-client');
const socket = io(process.argv[2], { transports: process.argv[3].split(','), reconnectionDelay: 200 });
const other = io(process.argv[2], { transports: ['websocket'], forceNew: true });
const next = (emitter, event) => new Promise((done) => emitter.once(event, (...args) => done(args)));
const ask = (socket, ...args) => socket.timeout(5000).emitWithAck(...args);

const timer = setTimeout(() => {
  console.error('not in time');
  process.exit(1);
}, 20_000);
const got = [];
socket.on('said', (n) => got.push(n));
await next(socket, 'connect');
await ask(socket, 'join', 'room');
assert.equal(socket.recovered, false);
const id = socket.id;
let said = 0;
for (let round = 0; round < 3; round++) {
  await ask(other, 'say', 'room', said++);
  await ask(socket, 'echo', 1); // so that it has come
  const lost = next(socket, 'disconnect');
  const { transport } = socket.io.engine;
  transport.ws ? transport.ws.terminate() : transport.onError('network lost');
  await lost;
  for (let i = 0; i < 10; i++) {
    await ask(other, 'say', 'room', said++);
  }
  await next(socket, 'connect');
  assert.equal(socket.recovered, true);
  assert.equal(socket.id, id);
  await ask(socket, 'echo', 1);
  assert.deepEqual(got, Array.from({ length: said }, (_, i) => i));
}
console.log('ok: recovered three times');
clearTimeout(timer);
socket.disconnect();
other.disconnect();
