// @ts-check
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Bench, bo, camera } from './bench.mjs';
import { FakePeerConnection, joinAck, settle, track } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.room.leave());

describe('a lost connection', () => {
  test('is resumed without negotiation, and everything is asked for again', async () => {
    await bench.room.publish(track('video'), 'camera');
    bench.socket.answers.join = joinAck({ published: [{ mid: '10', publication: 'p0' }] });
    await bench.join();
    bench.socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera] } });
    bench.room.subscribe([['c1', true]]);
    await settle();
    bench.socket.lose();
    assert.equal(bench.room.state, 'reconnecting');
    assert.equal(bench.room.members.length, 2, 'nothing is blanked');
    bench.socket.answers.join = joinAck({ rev: 12, key: 'k2', answer: undefined, members: [{ id: 'me', name: 'Ana' }, bo], publications: [camera] });
    bench.socket.connect();
    await settle();
    assert.equal(bench.room.state, 'joined');
    const [, resumed] = bench.socket.of('join');
    assert.deepEqual(resumed.resume, { session: 's1', key: 'k1', rev: 8 });
    assert.equal(resumed.offer, undefined);
    assert.equal(FakePeerConnection.all.length, 1);
    assert.equal(FakePeerConnection.all[0].closed, false);
    assert.equal(bench.room.offers, 1);
    assert.equal(bench.room.locals[0].id, 'p0');
    assert.deepEqual(bench.room.seat, { session: 's1', key: 'k2' });
    assert.equal(bench.socket.of('subscribe').length, 2);
    assert.deepEqual(bench.states, ['joining', 'joined', 'reconnecting', 'joined']);
  });

  test('what changed meanwhile is made good by the resume', async () => {
    await bench.room.publish(track('video'), 'screen');
    await bench.room.publish(track('audio'), 'microphone');
    bench.socket.answers.join = joinAck({ published: [{ mid: '10', publication: 'p0' }, { mid: '11', publication: 'p1' }] });
    await bench.join();
    bench.socket.lose();
    await bench.room.unpublish('screen');
    await bench.room.mute('microphone', true);
    await bench.room.publish(track('video'), 'camera');
    const mine = (/** @type {string} */ id) => ({ id, member: 'me', kind: 'video', source: 'screen' });
    bench.socket.answers.join = joinAck({ publications: [mine('p0'), mine('p1')], published: [{ mid: '10', publication: 'p0' }, { mid: '11', publication: 'p1' }] });
    bench.socket.connect();
    await settle();
    assert.deepEqual(bench.socket.of('unpublish'), [{ publication: 'p0' }]);
    assert.deepEqual(bench.socket.of('mute'), [{ publication: 'p1', muted: true }]);
    assert.deepEqual(bench.socket.of('offer').map((o) => o.publish.map((/** @type {any} */ p) => p.source)), [['camera']]);
  });

  test('media that is not connected by then restarts ICE', async () => {
    await bench.join();
    bench.socket.lose();
    FakePeerConnection.all[0].become('disconnected');
    await settle();
    assert.equal(bench.socket.of('offer').length, 0, 'nothing is sent without a socket');
    bench.socket.connect();
    await settle();
    assert.deepEqual(bench.socket.of('offer').map((o) => o.restart), [true]);
    FakePeerConnection.all[0].become('connected');

    bench.room.moved(); // with a socket: at once
    await settle();
    assert.equal(bench.socket.of('offer').length, 2);
    bench.socket.lose();
    const opened = bench.socket.opened;
    bench.room.moved(); // without: it is opened, and then
    assert.equal(bench.socket.opened, opened + 1);
    await settle();
    assert.equal(bench.socket.of('offer').length, 3);
    assert.equal(FakePeerConnection.all[0].restarts, 3);
  });

  test('media that stopped gives the socket up, too', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    await bench.join();
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
    assert.equal(bench.socket.opened, 1);
    await look(0);
    assert.equal(bench.socket.opened, 2);
    assert.equal(bench.socket.of('join').length, 2);
    assert.deepEqual(bench.socket.of('offer').map((o) => o.restart), [true]);
  });

  test('of a session that the server does not know is joined anew', async () => {
    await bench.room.publish(track('video'), 'camera');
    await bench.join();
    bench.socket.lose();
    bench.socket.answers.join = (/** @type {any} */ a) => (a.resume ? { ok: false, code: 'session_unknown' } :
      joinAck({ session: 's2', self: { id: 'me2', name: 'Ana' }, members: [{ id: 'me2', name: 'Ana' }], published: [{ mid: '10', publication: 'p9' }] }));
    bench.socket.connect();
    await settle();
    await settle();
    assert.equal(bench.room.state, 'joined');
    assert.deepEqual(FakePeerConnection.all.map((pc) => pc.closed), [true, false]);
    assert.equal(bench.room.locals[0].id, 'p9');
    assert.equal(bench.room.seat?.session, 's2');
  });

  test('of a page that was loaded anew resumes with an offer', async () => {
    await bench.room.join({ room: 'r', name: 'Ana', resume: { session: 's0', key: 'k0' } });
    const [sent] = bench.socket.of('join');
    assert.equal(sent.resume.session, 's0');
    assert.equal(sent.offer, 'offer of 10 sections');
  });

  test('a join that is overtaken by another stops', async () => {
    bench.socket.answers.join = joinAck({ caps: [] });
    await bench.join();
    bench.socket.lose();
    bench.socket.answers.join = undefined;
    bench.socket.connect();
    await settle();
    bench.socket.lose();
    bench.socket.answers.join = joinAck({ rev: 20 });
    bench.socket.connect();
    await settle();
    assert.equal(bench.room.state, 'joined');
    assert.equal(bench.socket.of('join').length, 3);
    assert.deepEqual(FakePeerConnection.all.map((pc) => pc.closed), [true, true, false]);
  });

  test('a refusal that will not pass ends the room', async () => {
    await bench.join();
    bench.socket.lose();
    bench.socket.answers.join = { ok: false, code: 'banned' };
    bench.socket.connect();
    await settle();
    assert.equal(bench.room.state, 'left');
  });

  test('an offer that was lost with it is sent again as it was', async () => {
    await bench.join();
    const answer = bench.socket.answers.offer;
    delete bench.socket.answers.offer; // never answered
    const published = bench.room.publish(track('video'), 'camera');
    await settle();
    bench.socket.lose();
    await published;
    bench.socket.answers.offer = answer;
    bench.socket.connect();
    await settle();
    const [lost, again, ...more] = bench.socket.of('offer');
    assert.deepEqual(again, lost);
    assert.deepEqual(more, []);
    assert.equal(FakePeerConnection.all[0].signalingState, 'stable');
    assert.ok(bench.room.locals[0].id);
    await bench.room.publish(track('video'), 'screen');
    assert.equal(bench.socket.of('offer')[2].id, lost.id + 1);
  });
});
