// Drives the server with the stock socket.io-client: node stock.mjs URL TRANSPORTS,
// such as "websocket" or "polling,websocket", where the first is upgraded.
// The server is the one of stock_test.go.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { io } = createRequire(new URL('../../web/package.json', import.meta.url))('socket.io-client');
const url = process.argv[2];
const transports = process.argv[3].split(',');
const open = [];

/** A socket with a connection of its own. */
function connect(namespace = '/', options = {}) {
  const socket = io(url + namespace, { transports, forceNew: true, reconnectionDelay: 20, ...options });
  open.push(socket);
  return socket;
}

const next = (emitter, event) => new Promise((done) => emitter.once(event, (...args) => done(args)));
const ask = (socket, ...args) => socket.timeout(5000).emitWithAck(...args);

const steps = {
  async 'connects with auth, and is welcomed after that'() {
    const socket = connect('/', { auth: { token: 'secret' } });
    const welcome = next(socket, 'welcome');
    await next(socket, 'connect');
    assert.ok(socket.id);
    assert.deepEqual(await welcome, [{ auth: { token: 'secret' } }]);
  },
  async 'is refused with a reason'() {
    const [error] = await next(connect('/closed'), 'connect_error');
    assert.equal(error.message, 'nobody may come in');
    assert.equal(error.data.code, 'forbidden');
    const [unknown] = await next(connect('/none'), 'connect_error');
    assert.equal(unknown.message, 'Invalid namespace');
  },
  async 'acknowledges both ways'() {
    const socket = connect();
    assert.deepEqual(await ask(socket, 'echo', { a: [1, 'ü', null] }), { a: [1, 'ü', null] });
    assert.deepEqual(await ask(socket, 'nobody knows'), { ok: false, code: 'unknown_event', message: 'there is no such event' });
    socket.on('double', (n, done) => done(n * 2));
    assert.equal(await ask(socket, 'call me', 21), 42);
  },
  async 'carries bytes both ways'() {
    const socket = connect();
    const back = await ask(socket, 'echo', { file: Buffer.from([1, 2, 3]), more: [Buffer.from('x')] });
    assert.ok(Buffer.isBuffer(back.file), 'bytes come back as bytes');
    assert.deepEqual([...back.file, ...back.more[0]], [1, 2, 3, 120]);
  },
  async 'reaches everyone in a room but the sender'() {
    const [a, b, c] = [connect(), connect(), connect()];
    for (const socket of [a, b]) {
      await ask(socket, 'join', 'room');
    }
    await ask(c, 'join', 'other');
    const wrong = [];
    a.on('said', (x) => wrong.push(x));
    c.on('said', (x) => wrong.push(x));
    const heard = next(b, 'said');
    await ask(a, 'say', 'room', 'hello');
    assert.deepEqual(await heard, ['hello']);
    await Promise.all([a, c].map((socket) => ask(socket, 'echo', 1)));
    assert.deepEqual(wrong, []);
  },
  async 'answers what a whole room is asked'() {
    const [asks, plain, bytes, silent] = [connect(), connect(), connect(), connect()];
    for (const socket of [asks, plain, bytes]) {
      await ask(socket, 'join', 'asked');
    }
    plain.on('question', (n, done) => done(n * 2, plain.id));
    bytes.on('question', (n, done) => done({ bytes: Buffer.from([n]) }));
    const question = (n) => new Promise((done) => asks.emit('ask room', 'asked', n, (...args) => done(args)));
    const [all, late] = await question(21);
    assert.equal(late, false);
    const answers = Object.fromEntries(all.map(({ from, answer }) => [from, answer]));
    assert.deepEqual(Object.keys(answers).sort(), [plain.id, bytes.id].sort());
    assert.deepEqual(answers[plain.id], [42, plain.id]);
    assert.deepEqual([...answers[bytes.id][0].bytes], [21]);
    await ask(silent, 'join', 'asked');
    const [some, timeout] = await question(1);
    assert.equal(timeout, true);
    assert.equal(some.length, 2);
  },
  async 'tells the others who is leaving while it is still there'() {
    const [a, b] = [connect(), connect()];
    await ask(a, 'join', 'farewell');
    await ask(b, 'join', 'farewell');
    const id = a.id;
    const gone = next(b, 'going');
    a.disconnect();
    assert.deepEqual(await gone, [{ id, rooms: ['farewell', id].sort(), reason: 'client namespace disconnect' }]);
  },
  async 'has namespaces on one connection'() {
    const socket = connect();
    await next(socket, 'connect');
    const other = socket.io.socket('/chat');
    open.push(other);
    await next(other, 'connect');
    assert.equal(await ask(other, 'where'), '/chat');
    assert.equal(await ask(socket, 'echo', 7), 7);
  },
  async 'is sent away by the server, and stays away'() {
    const socket = connect();
    await next(socket, 'connect');
    socket.emit('send me away');
    const [reason] = await next(socket, 'disconnect');
    assert.equal(reason, 'io server disconnect');
    assert.equal(socket.active, false);
  },
  async 'comes back after the network was lost'() {
    const socket = connect();
    await next(socket, 'connect');
    const before = socket.id;
    const lost = next(socket, 'disconnect');
    const { transport } = socket.io.engine;
    transport.ws ? transport.ws.terminate() : transport.onError('network lost');
    await lost;
    await next(socket, 'connect');
    assert.notEqual(socket.id, before);
    assert.equal(await ask(socket, 'echo', 1), 1);
  },
  async 'upgrades when it may, with nothing lost'() {
    const socket = connect();
    const got = [];
    socket.on('n', (n) => got.push(n));
    await next(socket, 'connect');
    const { engine } = socket.io;
    const upgraded = engine.transport.name === transports.at(-1) || next(engine, 'upgrade');
    const sent = ask(socket, 'count', 500);
    const all = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(socket, 'echo', i, Buffer.from([i]))));
    assert.deepEqual(all, Array.from({ length: 200 }, (_, i) => i));
    assert.equal(await sent, 500);
    assert.deepEqual(got, Array.from({ length: 500 }, (_, i) => i));
    await upgraded;
    assert.equal(engine.transport.name, transports.at(-1));
    assert.equal(await ask(socket, 'echo', 1), 1);
  },
  async 'outlives many heartbeats'() {
    const socket = connect();
    await next(socket, 'connect');
    for (let i = 0; i < 5; i++) {
      await next(socket.io, 'ping');
    }
    assert.ok(socket.connected);
  },
};

for (const [name, step] of Object.entries(steps)) {
  const timer = setTimeout(() => {
    console.error(`not in time: ${name}`);
    process.exit(1);
  }, 10_000);
  try {
    await step();
  } catch (error) {
    console.error(`failed: ${name}\n${error.stack}`);
    process.exit(1);
  }
  clearTimeout(timer);
  console.log(`ok: ${name}`);
}
for (const socket of open) {
  socket.disconnect();
}
