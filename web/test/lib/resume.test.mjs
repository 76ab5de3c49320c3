// @ts-check
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
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

afterEach(() => room.leave());

const join = async () => {
  await room.join({ room: 'r', name: 'Ana' });
  await settle();
};
const bo = { id: 'bo', name: 'Bo' };
const camera = { id: 'c1', member: 'bo', kind: /** @type {const} */ ('video'), source: /** @type {const} */ ('camera') };

describe('a lost connection', () => {
  test('is resumed without negotiation, and everything is asked for again', async () => {
    await room.publish(track('video'), 'camera');
    socket.answers.join = joinAck({ published: [{ mid: '0', publication: 'p0' }] });
    await join();
    socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera] } });
    room.subscribe([['c1', true]]);
    await settle();
    socket.lose();
    assert.equal(room.state, 'reconnecting');
    assert.equal(room.members.length, 2, 'nothing is blanked');
    socket.answers.join = joinAck({ rev: 12, key: 'k2', answer: undefined, members: [{ id: 'me', name: 'Ana' }, bo], publications: [camera] });
    socket.connect();
    await settle();
    assert.equal(room.state, 'joined');
    const [, resumed] = socket.of('join');
    assert.deepEqual(resumed.resume, { session: 's1', key: 'k1', rev: 8 });
    assert.equal(resumed.offer, undefined);
    assert.equal(FakePeerConnection.all.length, 1);
    assert.equal(FakePeerConnection.all[0].closed, false);
    assert.equal(room.offers, 1);
    assert.equal(room.locals[0].id, 'p0');
    assert.deepEqual(room.seat, { session: 's1', key: 'k2' });
    assert.equal(socket.of('subscribe').length, 2);
    assert.deepEqual(states, ['joining', 'joined', 'reconnecting', 'joined']);
  });

  test('what changed meanwhile is made good by the resume', async () => {
    await room.publish(track('video'), 'screen');
    await room.publish(track('audio'), 'microphone');
    socket.answers.join = joinAck({ published: [{ mid: '0', publication: 'p0' }, { mid: '1', publication: 'p1' }] });
    await join();
    socket.lose();
    await room.unpublish('screen');
    await room.mute('microphone', true);
    await room.publish(track('video'), 'camera');
    const mine = (/** @type {string} */ id) => ({ id, member: 'me', kind: 'video', source: 'screen' });
    socket.answers.join = joinAck({ publications: [mine('p0'), mine('p1')], published: [{ mid: '0', publication: 'p0' }, { mid: '1', publication: 'p1' }] });
    socket.connect();
    await settle();
    assert.deepEqual(socket.of('unpublish'), [{ publication: 'p0' }]);
    assert.deepEqual(socket.of('mute'), [{ publication: 'p1', muted: true }]);
    assert.deepEqual(socket.of('offer').map((o) => o.publish.map((/** @type {any} */ p) => p.source)), [['camera']]);
  });

  test('media that is not connected by then restarts ICE', async () => {
    await join();
    socket.lose();
    FakePeerConnection.all[0].become('disconnected');
    await settle();
    assert.equal(socket.of('offer').length, 0, 'nothing is sent without a socket');
    socket.connect();
    await settle();
    assert.deepEqual(socket.of('offer').map((o) => o.restart), [true]);
    FakePeerConnection.all[0].become('connected');

    room.moved(); // with a socket: at once
    await settle();
    assert.equal(socket.of('offer').length, 2);
    socket.lose();
    const opened = socket.opened;
    room.moved(); // without: it is opened, and then
    assert.equal(socket.opened, opened + 1);
    await settle();
    assert.equal(socket.of('offer').length, 3);
    assert.equal(FakePeerConnection.all[0].restarts, 3);
  });

  test('media that stopped gives the socket up, too', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    await join();
    const [pc] = FakePeerConnection.all;
    pc.become('connected');
    const look = async (/** @type {number} */ received) => {
      pc.packets.received += received;
      pc.packets.sent += 9;
      t.mock.timers.tick(300);
      await settle();
    };
    for (const received of [9, 9, 9, 9, 0]) {
      await look(received);
    }
    assert.equal(socket.opened, 1);
    await look(0);
    assert.equal(socket.opened, 2);
    assert.equal(socket.of('join').length, 2);
    assert.deepEqual(socket.of('offer').map((o) => o.restart), [true]);
  });

  test('of a session that the server does not know is joined anew', async () => {
    await room.publish(track('video'), 'camera');
    await join();
    socket.lose();
    socket.answers.join = (/** @type {any} */ a) => (a.resume ? { ok: false, code: 'session_unknown' } :
      joinAck({ session: 's2', self: { id: 'me2', name: 'Ana' }, members: [{ id: 'me2', name: 'Ana' }], published: [{ mid: '0', publication: 'p9' }] }));
    socket.connect();
    await settle();
    await settle();
    assert.equal(room.state, 'joined');
    assert.deepEqual(FakePeerConnection.all.map((pc) => pc.closed), [true, false]);
    assert.equal(room.locals[0].id, 'p9');
    assert.equal(room.seat?.session, 's2');
  });

  test('of a page that was loaded anew resumes with an offer', async () => {
    await room.join({ room: 'r', name: 'Ana', resume: { session: 's0', key: 'k0' } });
    const [sent] = socket.of('join');
    assert.equal(sent.resume.session, 's0');
    assert.equal(sent.offer, 'offer of 10 sections');
  });

  test('a join that is overtaken by another stops', async () => {
    socket.answers.join = joinAck({ caps: [] });
    await join();
    socket.lose();
    socket.answers.join = undefined;
    socket.connect();
    await settle();
    socket.lose();
    socket.answers.join = joinAck({ rev: 20 });
    socket.connect();
    await settle();
    assert.equal(room.state, 'joined');
    assert.equal(socket.of('join').length, 3);
    assert.deepEqual(FakePeerConnection.all.map((pc) => pc.closed), [true, true, false]);
  });

  test('a refusal that will not pass ends the room', async () => {
    await join();
    socket.lose();
    socket.answers.join = { ok: false, code: 'banned' };
    socket.connect();
    await settle();
    assert.equal(room.state, 'left');
  });

  test('an offer that was lost with it is sent again as it was', async () => {
    await join();
    const answer = socket.answers.offer;
    delete socket.answers.offer; // never answered
    const published = room.publish(track('video'), 'camera');
    await settle();
    socket.lose();
    await published;
    socket.answers.offer = answer;
    socket.connect();
    await settle();
    const [lost, again, ...more] = socket.of('offer');
    assert.deepEqual(again, lost);
    assert.deepEqual(more, []);
    assert.equal(FakePeerConnection.all[0].signalingState, 'stable');
    assert.ok(room.locals[0].id);
    await room.publish(track('video'), 'screen');
    assert.equal(socket.of('offer')[2].id, lost.id + 1);
  });
});
