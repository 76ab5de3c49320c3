// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Room } from '../../static/lib/switchyard.js';
import { FakePeerConnection, FakeSocket, joinAck, settle, track } from './fakes.mjs';

/** @type {FakeSocket} */
let socket;
/** @type {Room} */
let room;
/** @type {string[]} */
let states;

beforeEach(() => {
  FakePeerConnection.all = [];
  socket = new FakeSocket();
  socket.answers = {
    join: joinAck(), leave: { ok: true }, subscribe: { ok: true, slots: [] }, mute: { ok: true }, unpublish: { ok: true },
    offer: (/** @type {any} */ o) => ({
      ok: true, id: o.id, answer: 'answer', slots: [],
      published: o.publish.map((/** @type {any} */ p) => ({ mid: p.mid, publication: `p${p.mid}` })),
    }),
  };
  room = new Room({
    connect: () => /** @type {any} */ (socket),
    PeerConnection: /** @type {any} */ (FakePeerConnection),
  });
  states = [];
  room.on('state', (s) => states.push(s));
});

const join = async () => {
  await room.join({ room: 'r', name: 'Ana' });
  await settle();
};
const bo = { id: 'bo', name: 'Bo' };
const camera = { id: 'c1', member: 'bo', kind: /** @type {const} */ ('video'), source: /** @type {const} */ ('camera') };

describe('joining', () => {
  test('carries the offer: tracks first, then 4 audio and 6 video slots', async () => {
    await room.publish(track('audio'), 'microphone', { muted: true });
    await room.publish(track('video'), 'camera');
    socket.answers.join = joinAck({ published: [{ mid: '0', publication: 'p0' }, { mid: '1', publication: { id: 'p1' } }] });
    await join();
    const [sent] = socket.of('join');
    assert.equal(sent.v, 1);
    assert.equal(sent.room, 'r');
    assert.equal(sent.name, 'Ana');
    assert.equal(sent.offer, 'offer of 12 sections');
    assert.deepEqual(sent.publish, [
      { mid: '0', kind: 'audio', source: 'microphone', muted: true },
      { mid: '1', kind: 'video', source: 'camera', muted: false },
    ]);
    const [pc] = FakePeerConnection.all;
    assert.equal(pc.config.bundlePolicy, 'max-bundle');
    assert.deepEqual(pc.transceivers.map((t) => `${t.kind} ${t.direction}`), [
      'audio sendonly', 'video sendonly',
      ...Array(4).fill('audio recvonly'), ...Array(6).fill('video recvonly'),
    ]);
    assert.deepEqual(room.locals.map((l) => l.id), ['p0', 'p1']);
    assert.deepEqual(pc.remoteDescription, { type: 'answer', sdp: 'answer' });
    assert.deepEqual(states, ['joining', 'joined']);
    assert.equal(room.offers, 1);
  });

  test('works without WebRTC, as a reader and writer', async () => {
    room = new Room({ connect: () => /** @type {any} */ (socket), PeerConnection: undefined });
    await join();
    assert.equal(room.state, 'joined');
    assert.equal(socket.of('join')[0].offer, undefined);
  });

  test('a refusal rejects with its code and ends the room', async () => {
    socket.answers.join = { ok: false, code: 'room_full', message: 'no' };
    /** @type {any} */
    let why;
    room.on('left', (w) => (why = w));
    await assert.rejects(room.join({ room: 'r', name: 'Ana' }), { name: 'RoomError', code: 'room_full' });
    assert.equal(why.code, 'room_full');
    assert.equal(room.state, 'left');
    assert.ok(FakePeerConnection.all[0].closed);
  });

  test('a room is joined once', async () => {
    await join();
    await assert.rejects(room.join({ room: 'r', name: 'Ana' }), { code: 'already_joined' });
  });

  test('a refused connection rejects', async () => {
    socket.connect = () => {
      socket.active = false;
      socket.fire('connect_error', Object.assign(new Error('no'), { data: { code: 'banned' } }));
    };
    await assert.rejects(room.join({ room: 'r', name: 'Ana' }), { code: 'banned' });
  });

  test('what was published meanwhile is offered afterwards', async () => {
    const joining = room.join({ room: 'r', name: 'Ana' });
    const late = room.publish(track('video'), 'camera');
    await Promise.all([joining, late]);
    await settle();
    assert.equal(socket.of('join')[0].publish.length + socket.of('offer').flatMap((o) => o.publish).length, 1);
    assert.ok(room.locals[0].id);
  });
});

describe('state', () => {
  test('follows revisions without gaps', async () => {
    await join();
    socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera] } });
    socket.fire('state', { rev: 9, publications: { set: [{ id: 'c1', muted: true }] } });
    assert.deepEqual(room.members.map((m) => m.name), ['Ana', 'Bo']);
    assert.equal(room.publications[0].muted, true);
    assert.equal(room.publications[0].source, 'camera');
    socket.fire('state', { rev: 10, members: { del: [{ id: 'bo', why: 'left' }] } });
    assert.deepEqual(room.members.map((m) => m.name), ['Ana']);
    assert.deepEqual(room.publications, [], 'they leave with their member');
    assert.equal(socket.of('sync').length, 0);
  });

  test('a gap asks for everything, once, and then goes on', async () => {
    await join();
    /** @type {(a: any) => void} */
    let answer = () => {};
    socket.answers.sync = () => new Promise((done) => (answer = done));
    socket.fire('state', { rev: 9, members: { add: [bo] } });
    socket.fire('state', { rev: 11, members: { add: [{ id: 'di', name: 'Di' }] } });
    assert.equal(socket.of('sync').length, 1);
    answer(joinAck({ rev: 10, members: [{ id: 'me', name: 'Ana' }, bo, { id: 'cy', name: 'Cy' }] }));
    await settle();
    assert.equal(room.members.map((m) => m.name).join(), 'Ana,Bo,Cy,Di');
    socket.fire('state', { rev: 12, members: { del: ['cy'] } });
    assert.equal(room.members.map((m) => m.name).join(), 'Ana,Bo,Di');
    assert.equal(socket.of('sync').length, 1);
  });

  test('events that overtake the join are applied after it', async () => {
    socket.answers.join = () => {
      socket.fire('state', { rev: 7, members: { add: [{ id: 'old', name: 'in the ack already' }] } });
      socket.fire('state', { rev: 8, members: { add: [bo] } });
      return joinAck({ rev: 7 });
    };
    await join();
    assert.equal(room.members.map((m) => m.name).join(), 'Ana,Bo');
    assert.equal(socket.of('sync').length, 0);
  });
});

describe('slots', () => {
  test('are labelled by mid, and freed when their publication goes', async () => {
    await join();
    socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera] } });
    let drawn = 0;
    room.on('slots', () => drawn++);
    socket.fire('slots', { slots: [{ mid: '4', publication: 'c1', state: 'live' }, { mid: '99', publication: 'c1' }] });
    assert.deepEqual(room.slots.filter((s) => s.publication).map((s) => s.transceiver.mid), ['4']);
    assert.equal(room.slots[4].kind, 'video');
    socket.fire('slots', { slots: [{ mid: '4', publication: 'c1', state: 'live' }] });
    assert.equal(drawn, 1, 'what is known changes nothing');
    socket.fire('slots', { slots: [{ mid: '4', publication: 'c1', state: 'paused', why: 'bandwidth' }] });
    assert.equal(room.slots[4].why, 'bandwidth');
    socket.fire('state', { rev: 9, publications: { del: ['c1'] } });
    assert.equal(room.slots[4].publication, null);
    assert.equal(room.slots[4].state, 'idle');
    assert.equal(drawn, 3);
  });

  test('grow in one offer when more are needed', async () => {
    await join();
    socket.fire('need', { video: 7, audio: 5 });
    await settle();
    assert.equal(room.slots.filter((s) => s.kind === 'video').length, 12);
    assert.equal(room.slots.filter((s) => s.kind === 'audio').length, 5);
    assert.deepEqual(socket.of('offer').map((o) => [o.id, o.sdp]), [[2, 'offer of 17 sections']]);
    socket.fire('need', { video: 12 });
    await settle();
    assert.equal(room.offers, 2);
  });
});

describe('offers', () => {
  test('one at a time; changes meanwhile are part of the next', async () => {
    await join();
    /** @type {((a?: any) => void)[]} */
    const open = [];
    const answer = socket.answers.offer;
    socket.answers.offer = (/** @type {any} */ o) => new Promise((done) => open.push(() => done(answer(o))));
    const all = Promise.all([
      room.publish(track('audio'), 'microphone'), room.publish(track('video'), 'camera'), room.publish(track('video'), 'screen'),
    ]);
    await settle();
    assert.equal(socket.of('offer').length, 1);
    open[0]();
    await settle();
    open[1]?.();
    await all;
    const offers = socket.of('offer');
    assert.deepEqual(offers.map((o) => o.id), [2, 3].slice(0, offers.length));
    assert.deepEqual(offers.flatMap((o) => o.publish.map((/** @type {any} */ p) => p.source)), ['microphone', 'camera', 'screen']);
    assert.ok(room.locals.every((l) => l.id));
  });

  test('a refused one is rolled back and forgotten, and does not block the next', async () => {
    await join();
    const answer = socket.answers.offer;
    socket.answers.offer = { ok: false, code: 'bad_sdp' };
    await assert.rejects(room.publish(track('video'), 'camera'), { code: 'bad_sdp' });
    assert.equal(FakePeerConnection.all[0].signalingState, 'stable');
    assert.deepEqual(room.locals, []);
    assert.equal(FakePeerConnection.all[0].transceivers.at(-1).stopped, true);
    socket.answers.offer = answer;
    await room.publish(track('video'), 'screen');
    assert.deepEqual(socket.of('offer')[1].publish.map((/** @type {any} */ p) => p.source), ['screen']);
  });

  test('failed media restarts ICE', async () => {
    await join();
    FakePeerConnection.all[0].become('failed');
    await settle();
    assert.equal(FakePeerConnection.all[0].restarts, 1);
    assert.equal(socket.of('offer')[0].restart, true);
  });
});

describe('publishing', () => {
  test('unpublish names the publication and makes no offer', async () => {
    await join();
    await room.publish(track('video'), 'screen');
    const id = room.locals[0].id;
    await room.unpublish('screen');
    assert.deepEqual(socket.of('unpublish'), [{ publication: id }]);
    assert.equal(FakePeerConnection.all[0].transceivers.at(-1).stopped, true);
    assert.equal(room.offers, 2);
    assert.deepEqual(room.locals, []);
  });

  test('mute disables the track and tells the server', async () => {
    await join();
    const mic = track('audio');
    await room.publish(mic, 'microphone');
    await room.mute('microphone', true);
    assert.equal(mic.enabled, false);
    assert.deepEqual(socket.of('mute'), [{ publication: room.locals[0].id, muted: true }]);
    await room.replace('microphone', null);
    assert.equal(room.locals[0].transceiver?.sender.track, null);
    assert.equal(room.offers, 2, 'neither needs an offer');
  });

  test('a mute during the join is told after it', async () => {
    /** @type {(ack: any) => void} */
    let answer = () => {};
    socket.answers.join = () => new Promise((done) => (answer = done));
    await room.publish(track('audio'), 'microphone');
    const joining = room.join({ room: 'r', name: 'Ana' });
    await settle();
    await room.mute('microphone', true);
    assert.deepEqual(socket.of('mute'), []);
    answer(joinAck({ published: [{ mid: '0', publication: 'p0' }] }));
    await joining;
    await settle();
    assert.deepEqual(socket.of('mute'), [{ publication: 'p0', muted: true }]);
  });
});

describe('subscribing', () => {
  const subscribed = () => socket.of('subscribe').map((s) => s.publications);

  test('sends differences only, and never an offer', async () => {
    await join();
    socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera, { ...camera, id: 'c2' }] } });
    for (let i = 0; i < 50; i++) {
      room.subscribe([['c1', i % 2 === 0], ['c2', true]]);
      await settle();
    }
    room.subscribe([['c1', false], ['c2', true]]);
    await settle();
    assert.equal(subscribed().length, 50);
    assert.deepEqual(subscribed()[0], [{ id: 'c1', on: true }, { id: 'c2', on: true }]);
    assert.deepEqual(subscribed()[1], [{ id: 'c1', on: false }]);
    assert.equal(room.offers, 1);
    socket.fire('state', { rev: 9, publications: { del: ['c1'] } });
    room.subscribe([['c2', true]]);
    await settle();
    assert.equal(subscribed().length, 50, 'the server knows that it is gone');
  });

  test('asks again for what was refused once there is room', async () => {
    await join();
    socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera] } });
    socket.answers.subscribe = { ok: true, slots: [], refused: [{ id: 'c1', code: 'limit_exceeded' }], need: { video: 7 } };
    room.subscribe([['c1', true]]);
    socket.answers.subscribe = { ok: true, slots: [{ mid: '4', publication: 'c1', state: 'live' }] };
    await settle();
    await settle();
    assert.deepEqual(subscribed(), [[{ id: 'c1', on: true }], [{ id: 'c1', on: true }]]);
    assert.equal(room.offers, 2);
  });
});

describe('the end', () => {
  test('leave tells the server and closes everything', async () => {
    await join();
    /** @type {any[]} */
    const left = [];
    room.on('left', (why) => left.push(why));
    await room.leave();
    assert.equal(socket.of('leave').length, 1);
    assert.equal(socket.connected, false);
    assert.equal(FakePeerConnection.all[0].closed, true);
    assert.deepEqual(left, [null]);
    await assert.rejects(room.publish(track('video'), 'camera'), { code: 'closed' });
    await assert.rejects(room.send('x'), { code: 'closed' });
  });

  test('bye ends it with the reason', async () => {
    await join();
    /** @type {any} */
    let why;
    room.on('left', (w) => (why = w));
    socket.fire('bye', { code: 'kicked', message: 'out', reconnect: 'no' });
    socket.lose('io server disconnect');
    assert.equal(why.code, 'kicked');
    assert.equal(room.state, 'left');
    assert.equal(socket.opened, 1);
  });

  test('bye with reconnect comes back', async (t) => {
    await join();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    socket.fire('bye', { code: 'draining', reconnect: 'later', after_ms: 300 });
    socket.lose('io server disconnect');
    assert.equal(room.state, 'reconnecting');
    t.mock.timers.tick(299);
    assert.equal(socket.opened, 1);
    t.mock.timers.tick(1);
    await settle();
    assert.equal(socket.opened, 2);
    assert.equal(room.state, 'joined');
  });
});

test('speakers are the members of the newest list', async () => {
  await join();
  socket.fire('speakers', { list: [{ member: 'bo', db: 30 }] });
  assert.ok(room.speakers.has('bo'));
  socket.fire('speakers', { list: [] });
  assert.equal(room.speakers.size, 0);
});
