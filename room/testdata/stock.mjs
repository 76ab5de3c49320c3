// Drives rooms with the stock socket.io-client: node stock.mjs URL OFFER, where
// OFFER is a file with a description of two audio and two video slots. The
// server is the one of stock_test.go; Ana publishes in the room "r" already.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { io } = createRequire(new URL('../../web/package.json', import.meta.url))('socket.io-client');
const url = process.argv[2];
const offer = readFileSync(process.argv[3], 'utf8');
const open = [];

/** A socket with a connection of its own. */
async function connect() {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnectionDelay: 20 });
  open.push(socket);
  await next(socket, 'connect');
  return socket;
}

/** Waits for an event for whose argument `when` holds. */
const next = (emitter, event, when = () => true) =>
  new Promise((done) => {
    const listener = (arg) => {
      if (when(arg)) {
        emitter.off(event, listener);
        done(arg);
      }
    };
    emitter.on(event, listener);
  });
const ask = (socket, ...args) => socket.timeout(5000).emitWithAck(...args);
const must = async (socket, ...args) => {
  const ack = await ask(socket, ...args);
  assert.equal(ack.ok, true, `${args[0]}: ${JSON.stringify(ack)}`);
  return ack;
};
const refused = async (code, socket, ...args) => {
  const ack = await ask(socket, ...args);
  assert.equal(ack.ok, false, JSON.stringify(args).slice(0, 100));
  assert.equal(ack.code, code, JSON.stringify(args).slice(0, 100));
  assert.equal(typeof ack.message, 'string');
  return ack;
};
const join = (socket, name, more = {}) => must(socket, 'join', { v: 1, room: 'r', name, ...more });

const steps = {
  async 'is moved to a breakout room and back'() {
    const [host, guest] = [await connect(), await connect()];
    await must(host, 'join', { v: 1, room: 'd', name: 'Host' });
    const first = await must(guest, 'join', { v: 1, room: 'd', name: 'Guest' });
    const sent = next(guest, 'move');
    const { breakout } = await must(host, 'breakout', { op: 'open', rooms: [{ name: 'Red', members: [first.self.id] }] });
    assert.deepEqual(breakout, { main: 'd', rooms: [{ room: 'd.1', name: 'Red', members: [] }] });
    const { room } = await sent;
    const second = await must(guest, 'join', { v: 1, room, name: 'Guest', offer, replaces: first.session });
    assert.equal(second.self.id, first.self.id);
    assert.equal(second.room.breakout.main, 'd');
    assert.ok(second.answer);
    await next(host, 'state', (e) => e.room?.breakout?.rooms[0].members[0]?.name === 'Guest');
    const line = next(guest, 'new_message');
    await must(host, 'breakout', { op: 'message', text: 'come back' });
    assert.equal((await line).text, 'come back');
    const back = next(guest, 'move');
    await must(host, 'breakout', { op: 'close' });
    await must(guest, 'join', { v: 1, room: (await back).room, name: 'Guest', replaces: second.session });
    const { members, room: whole } = await must(host, 'sync', {});
    assert.deepEqual(members.map((m) => m.name), ['Host', 'Guest']);
    assert.equal(whole.breakout, undefined);
    await must(guest, 'leave', {});
    await must(host, 'leave', {});
  },
  async 'refuses events before the join'() {
    const socket = await connect();
    for (const [event, arg] of Object.entries({
      offer: { id: 1, sdp: offer }, unpublish: { publication: 'x' }, mute: { publication: 'x', muted: true },
      subscribe: {}, new_message: { cid: '1', text: 'x' }, leave: {}, sync: {},
    })) {
      await refused('not_joined', socket, event, arg);
    }
    await join(socket, 'patient');
  },
  async 'answers events that it does not know'() {
    const socket = await connect();
    await refused('unknown_event', socket, 'juggle', { balls: 3 });
    await refused('unknown_event', socket, 'juggle');
    await refused('unknown_event', socket, '');
    await refused('unknown_event', socket, '__proto__', {});
  },
  async 'refuses payloads that are no objects'() {
    const socket = await connect();
    await join(socket, 'odd');
    for (const event of ['join', 'offer', 'unpublish', 'mute', 'subscribe', 'new_message', 'leave', 'sync']) {
      for (const arg of [[], [null], ['text'], [1], [[]], [true], [Buffer.from('bytes')]]) {
        await refused('bad_request', socket, event, ...arg);
      }
    }
    await must(socket, 'sync', { unknown: 'fields', are: ['ignored'] });
    await refused('bad_request', socket, 'subscribe', { publications: 'all' });
    await refused('bad_request', socket, 'subscribe', { publications: [1] });
    await refused('bad_request', socket, 'mute', { publication: 1, muted: true });
    await refused('bad_request', socket, 'new_message', { cid: 'x y', text: 'x' });
    await must(socket, 'sync', {});
  },
  async 'refuses rooms and versions'() {
    const socket = await connect();
    const ack = await refused('unsupported_version', socket, 'join', { v: 2, room: 'r' });
    assert.deepEqual(ack.supported, [1]);
    for (const room of [undefined, '', '../etc', 'a b', '<b>', 'é', '\u0000', 'x'.repeat(65), '..']) {
      await refused('bad_request', socket, 'join', { v: 1, room });
    }
    await refused('bad_sdp', socket, 'join', { v: 1, room: 'r', offer: 'v=0\r\n' });
    await refused('too_large', socket, 'join', { v: 1, room: 'r', offer: 'x'.repeat(300_000) });
    await join(socket, 'at last');
    await refused('already_joined', socket, 'join', { v: 1, room: 'r' });
  },
  async 'shows names as text'() {
    const [a, b] = [await connect(), await connect()];
    await join(b, 'watcher');
    for (const [name, want] of [
      ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
      ['\u202eevil\u0000', 'evil'],
      ['n'.repeat(10_000), 'n'.repeat(64)],
      ['', ''],
      ['__proto__', '__proto__'],
    ]) {
      const seen = next(b, 'state', (s) => s.members?.add?.length === 1);
      const ack = await join(a, name);
      assert.equal(ack.self.name, want);
      assert.equal((await seen).members.add[0].name, want);
      await must(a, 'leave', {});
    }
  },
  async 'joins with an offer, and subscribes by track'() {
    const socket = await connect();
    const ack = await join(socket, 'Bo', { offer, caps: ['slots'] });
    assert.ok(ack.answer.startsWith('v=0'));
    assert.equal(ack.slots.length, 4);
    const ana = ack.publications.filter((p) => p.source === 'microphone' || p.source === 'camera');
    assert.equal(ana.length, 2);
    const [audio, video] = ['audio', 'video'].map((kind) => ana.find((p) => p.kind === kind));
    assert.equal(ack.slots.find((s) => s.publication === audio.id)?.state, 'live');
    const on = await must(socket, 'subscribe', { publications: [{ id: video.id, on: true }] });
    assert.ok(on.slots.some((s) => s.publication === video.id));
    const off = await must(socket, 'subscribe', { publications: [{ id: audio.id, on: false }, { id: 'nobody' }] });
    assert.deepEqual(off.refused, [{ id: 'nobody', code: 'publication_not_found' }]);
    assert.ok(off.slots.some((s) => s.publication === video.id));
    assert.ok(!off.slots.some((s) => s.publication === audio.id));
    const odd = await must(socket, 'subscribe', { publications: [{ id: video.id, mid: 'nowhere' }] });
    assert.deepEqual(odd.refused, [{ id: video.id, code: 'slot_not_found' }]);
    for (const event of ['mute', 'unpublish']) {
      await refused('publication_not_found', socket, event, { publication: 'nobody', muted: true });
      await refused('forbidden', socket, event, { publication: audio.id, muted: true });
    }
    await refused('bad_sdp', socket, 'offer', { id: 1, sdp: 'x' });
    await must(socket, 'offer', { id: 2, sdp: offer });
    await refused('stale_offer', socket, 'offer', { id: 1, sdp: offer });
    await refused('bad_request', socket, 'offer', { sdp: offer });
    await refused('too_large', socket, 'offer', { id: 3, sdp: 'x'.repeat(300_000) });
  },
  async 'passes messages on, each once'() {
    const [a, b] = [await connect(), await connect()];
    const self = (await join(a, 'writer')).self;
    await join(b, 'reader');
    const wrong = [];
    a.on('new_message', (m) => wrong.push(m));
    const heard = next(b, 'new_message');
    const sent = await must(a, 'new_message', { cid: 'c1', text: 'hello <b>' });
    assert.deepEqual(await heard, { id: sent.id, ts: sent.ts, sender: self.id, name: 'writer', text: 'hello <b>' });
    assert.equal((await must(a, 'new_message', { cid: 'c1', text: 'hello <b>' })).id, sent.id);
    await refused('member_not_found', a, 'new_message', { cid: 'c2', text: 'x', to: 'nobody' });
    await refused('too_large', a, 'new_message', { cid: 'c3', text: 'x'.repeat(4001) });
    await must(a, 'sync', {});
    assert.deepEqual(wrong, []);
  },
  async 'tells at once who left'() {
    const [a, b] = [await connect(), await connect()];
    const id = (await join(a, 'leaver')).self.id;
    await join(b, 'stayer');
    const gone = next(b, 'state', (s) => s.members?.del?.some((d) => d.id === id));
    const began = Date.now();
    await must(a, 'leave', {});
    assert.equal((await gone).members.del[0].why, 'left');
    assert.ok(Date.now() - began < 500);
    await refused('not_joined', a, 'sync', {});
    assert.notEqual((await join(a, 'leaver')).self.id, id);
  },
  async 'closes for a message that is too large, and takes the client back'() {
    const socket = await connect();
    const lost = next(socket, 'disconnect');
    socket.emit('sync', { x: 'x'.repeat(1_100_000) });
    await lost;
    await next(socket, 'connect');
    await join(socket, 'back');
  },
  async 'says goodbye to who floods'() {
    const socket = await connect();
    await join(socket, 'flood');
    const bye = next(socket, 'bye');
    const reason = next(socket, 'disconnect');
    const began = Date.now();
    const timer = setInterval(() => {
      for (let i = 0; i < 20; i++) {
        socket.emit(i % 2 ? 'juggle' : 'sync', {});
      }
    }, 20);
    const why = await bye;
    clearInterval(timer);
    assert.equal(why.code, 'rate_limited');
    assert.equal(why.reconnect, 'later');
    assert.ok(why.after_ms > 0);
    assert.ok(Date.now() - began > 8000, `after ${Date.now() - began} ms`);
    assert.equal(await reason, 'io server disconnect');
    await join(await connect(), 'newcomer');
  },
};

for (const [name, step] of Object.entries(steps)) {
  const timer = setTimeout(() => {
    console.error(`not in time: ${name}`);
    process.exit(1);
  }, 25_000);
  try {
    await step();
  } catch (error) {
    console.error(`failed: ${name}\n${error.stack}`);
    process.exit(1);
  }
  clearTimeout(timer);
  for (const socket of open.splice(0)) {
    socket.disconnect();
  }
  console.log(`ok: ${name}`);
}
