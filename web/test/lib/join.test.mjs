// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Room } from '../../static/lib/switchyard.js';
import { Bench } from './bench.mjs';
import { FakePeerConnection, joinAck, settle, track } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(() => {
  bench = new Bench();
});

describe('joining', () => {
  test('carries the offer: 4 audio and 6 video slots first, because a track’s section may end, then tracks', async () => {
    await bench.room.publish(track('audio'), 'microphone', { muted: true });
    await bench.room.publish(track('video'), 'camera');
    bench.socket.answers.join = joinAck({ published: [{ mid: '10', publication: 'p0' }, { mid: '11', publication: { id: 'p1' } }] });
    await bench.join();
    const [sent] = bench.socket.of('join');
    assert.equal(sent.v, 1);
    assert.equal(sent.room, 'r');
    assert.equal(sent.name, 'Ana');
    assert.equal(sent.offer, 'offer of 12 sections');
    assert.deepEqual(sent.publish, [
      { mid: '10', kind: 'audio', source: 'microphone', muted: true },
      { mid: '11', kind: 'video', source: 'camera', muted: false },
    ]);
    const [pc] = FakePeerConnection.all;
    assert.equal(pc.config.bundlePolicy, 'max-bundle');
    assert.deepEqual(pc.transceivers.map((t) => `${t.kind} ${t.direction}`), [
      ...Array(4).fill('audio recvonly'), ...Array(6).fill('video recvonly'),
      'audio sendonly', 'video sendonly',
    ]);
    assert.deepEqual(bench.room.locals.map((l) => l.id), ['p0', 'p1']);
    assert.deepEqual(pc.remoteDescription, { type: 'answer', sdp: 'answer' });
    assert.deepEqual(bench.states, ['joining', 'joined']);
    assert.equal(bench.room.offers, 1);
  });

  test('works without WebRTC, as a reader and writer', async () => {
    bench.room = new Room({ connect: () => /** @type {any} */ (bench.socket), PeerConnection: undefined });
    await bench.join();
    assert.equal(bench.room.state, 'joined');
    assert.equal(bench.socket.of('join')[0].offer, undefined);
  });

  test('a refusal rejects with its code and ends the room', async () => {
    bench.socket.answers.join = { ok: false, code: 'room_full', message: 'no' };
    /** @type {any} */
    let why;
    bench.room.on('left', (w) => (why = w));
    await assert.rejects(bench.room.join({ room: 'r', name: 'Ana' }), { name: 'RoomError', code: 'room_full' });
    assert.equal(why.code, 'room_full');
    assert.equal(bench.room.state, 'left');
    assert.ok(FakePeerConnection.all[0].closed);
  });

  test('a room is joined once', async () => {
    await bench.join();
    await assert.rejects(bench.room.join({ room: 'r', name: 'Ana' }), { code: 'already_joined' });
  });

  test('a refused connection rejects', async () => {
    bench.socket.connect = () => {
      bench.socket.active = false;
      bench.socket.fire('connect_error', Object.assign(new Error('no'), { data: { code: 'banned' } }));
    };
    await assert.rejects(bench.room.join({ room: 'r', name: 'Ana' }), { code: 'banned' });
  });

  test('what was published meanwhile is offered afterwards', async () => {
    const joining = bench.room.join({ room: 'r', name: 'Ana' });
    const late = bench.room.publish(track('video'), 'camera');
    await Promise.all([joining, late]);
    await settle();
    assert.equal(bench.socket.of('join')[0].publish.length + bench.socket.of('offer').flatMap((o) => o.publish).length, 1);
    assert.ok(bench.room.locals[0].id);
  });
});

describe('the end', () => {
  test('leave tells the server and closes everything', async () => {
    await bench.join();
    /** @type {any[]} */
    const left = [];
    bench.room.on('left', (why) => left.push(why));
    await bench.room.leave();
    assert.equal(bench.socket.of('leave').length, 1);
    assert.equal(bench.socket.connected, false);
    assert.equal(FakePeerConnection.all[0].closed, true);
    assert.deepEqual(left, [null]);
    await assert.rejects(bench.room.publish(track('video'), 'camera'), { code: 'closed' });
    await assert.rejects(bench.room.send('x'), { code: 'closed' });
  });

  test('leave does not wait long for a server that says nothing', async () => {
    await bench.join();
    bench.socket.answers.leave = undefined;
    bench.room.leave();
    const ms = bench.socket.sent.find((s) => s.name === 'leave')?.ms ?? Infinity;
    assert.ok(ms <= 1000, `it waits for ${ms} ms, and is heard meanwhile`);
    bench.socket.lose(); // as the socket does then
    await settle();
    assert.equal(bench.room.state, 'left');
    assert.equal(FakePeerConnection.all[0].closed, true);
  });

  test('a second join is refused and changes nothing', async () => {
    await bench.join();
    await assert.rejects(bench.room.join({ room: 'other', name: 'Ana' }), { code: 'already_joined' });
    assert.equal(bench.room.name, 'r');
  });

  test('bye ends it with the reason', async () => {
    await bench.join();
    /** @type {any} */
    let why;
    bench.room.on('left', (w) => (why = w));
    bench.socket.fire('bye', { code: 'kicked', message: 'out', reconnect: 'no' });
    bench.socket.lose('io server disconnect');
    assert.equal(why.code, 'kicked');
    assert.equal(bench.room.state, 'left');
    assert.equal(bench.socket.opened, 1);
  });

  test('bye with reconnect comes back', async (t) => {
    await bench.join();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    bench.socket.fire('bye', { code: 'draining', reconnect: 'later', after_ms: 300 });
    bench.socket.lose('io server disconnect');
    assert.equal(bench.room.state, 'reconnecting');
    t.mock.timers.tick(299);
    assert.equal(bench.socket.opened, 1);
    t.mock.timers.tick(1);
    await settle();
    assert.equal(bench.socket.opened, 2);
    assert.equal(bench.room.state, 'joined');
  });
});
