// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Bench } from './bench.mjs';
import { FakePeerConnection, joinAck, settle, track } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(() => {
  bench = new Bench();
});

describe('offers', () => {
  test('one at a time; changes meanwhile are part of the next', async () => {
    await bench.join();
    /** @type {((a?: any) => void)[]} */
    const open = [];
    const answer = bench.socket.answers.offer;
    bench.socket.answers.offer = (/** @type {any} */ o) => new Promise((done) => open.push(() => done(answer(o))));
    const all = Promise.all([
      bench.room.publish(track('audio'), 'microphone'), bench.room.publish(track('video'), 'camera'), bench.room.publish(track('video'), 'screen'),
    ]);
    await settle();
    assert.equal(bench.socket.of('offer').length, 1);
    open[0]();
    await settle();
    open[1]?.();
    await all;
    const offers = bench.socket.of('offer');
    assert.deepEqual(offers.map((o) => o.id), [2, 3].slice(0, offers.length));
    assert.deepEqual(offers.flatMap((o) => o.publish.map((/** @type {any} */ p) => p.source)), ['microphone', 'camera', 'screen']);
    assert.ok(bench.room.locals.every((l) => l.id));
  });

  test('a refused one is rolled back and forgotten, and does not block the next', async () => {
    await bench.join();
    const answer = bench.socket.answers.offer;
    bench.socket.answers.offer = { ok: false, code: 'bad_sdp' };
    await assert.rejects(bench.room.publish(track('video'), 'camera'), { code: 'bad_sdp' });
    assert.equal(FakePeerConnection.all[0].signalingState, 'stable');
    assert.deepEqual(bench.room.locals, []);
    assert.equal(FakePeerConnection.all[0].transceivers.at(-1).stopped, true);
    bench.socket.answers.offer = answer;
    await bench.room.publish(track('video'), 'screen');
    assert.deepEqual(bench.socket.of('offer')[1].publish.map((/** @type {any} */ p) => p.source), ['screen']);
  });

  test('failed media restarts ICE', async () => {
    await bench.join();
    FakePeerConnection.all[0].become('failed');
    await settle();
    assert.equal(FakePeerConnection.all[0].restarts, 1);
    assert.equal(bench.socket.of('offer')[0].restart, true);
  });
});

describe('publishing', () => {
  test('unpublish names the publication and makes no offer', async () => {
    await bench.join();
    await bench.room.publish(track('video'), 'screen');
    const id = bench.room.locals[0].id;
    await bench.room.unpublish('screen');
    assert.deepEqual(bench.socket.of('unpublish'), [{ publication: id }]);
    assert.equal(FakePeerConnection.all[0].transceivers.at(-1).stopped, true);
    assert.equal(bench.room.offers, 2);
    assert.deepEqual(bench.room.locals, []);
  });

  test('what is stopped before the server has named it is stopped there, too', async () => {
    await bench.join();
    /** @type {() => void} */
    let answer = () => {};
    const as = bench.socket.answers.offer;
    bench.socket.answers.offer = (/** @type {any} */ o) => new Promise((done) => (answer = () => done(as(o))));
    const publishing = bench.room.publish(track('video'), 'screen');
    await settle();
    await bench.room.unpublish('screen');
    answer();
    await publishing;
    await settle();
    assert.deepEqual(bench.socket.of('unpublish'), bench.socket.of('offer')[0].publish.map((/** @type {any} */ p) => ({ publication: `p${p.mid}` })));
    assert.deepEqual(bench.room.locals, []);
  });

  test('mute disables the track and tells the server', async () => {
    await bench.join();
    const mic = track('audio');
    await bench.room.publish(mic, 'microphone');
    await bench.room.mute('microphone', true);
    assert.equal(mic.enabled, false);
    assert.deepEqual(bench.socket.of('mute'), [{ publication: bench.room.locals[0].id, muted: true }]);
    await bench.room.replace('microphone', null);
    assert.equal(bench.room.locals[0].transceiver?.sender.track, null);
    assert.equal(bench.room.offers, 2, 'neither needs an offer');
  });

  test('a mute during the join is told after it', async () => {
    /** @type {(ack: any) => void} */
    let answer = () => {};
    bench.socket.answers.join = () => new Promise((done) => (answer = done));
    await bench.room.publish(track('audio'), 'microphone');
    const joining = bench.room.join({ room: 'r', name: 'Ana' });
    await settle();
    await bench.room.mute('microphone', true);
    assert.deepEqual(bench.socket.of('mute'), []);
    answer(joinAck({ published: [{ mid: '10', publication: 'p0' }] }));
    await joining;
    await settle();
    assert.deepEqual(bench.socket.of('mute'), [{ publication: 'p0', muted: true }]);
  });

  test('one before the server has named what is published is told after that', async () => {
    await bench.join();
    /** @type {() => void} */
    let answer = () => {};
    const as = bench.socket.answers.offer;
    bench.socket.answers.offer = (/** @type {any} */ o) => new Promise((done) => (answer = () => done(as(o))));
    const publishing = bench.room.publish(track('audio'), 'microphone', { muted: true });
    await settle();
    await bench.room.mute('microphone', false);
    assert.deepEqual(bench.socket.of('mute'), []);
    answer();
    await publishing;
    assert.deepEqual(bench.socket.of('mute'), [{ publication: bench.room.locals[0].id, muted: false }]);
  });
});
