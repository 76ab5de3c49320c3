// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Bench, bo, camera } from './bench.mjs';
import { settle } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(() => {
  bench = new Bench();
});

describe('slots', () => {
  test('are labelled by mid, and freed when their publication goes', async () => {
    await bench.join();
    bench.socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera] } });
    let drawn = 0;
    bench.room.on('slots', () => drawn++);
    bench.socket.fire('slots', { slots: [{ mid: '4', publication: 'c1', state: 'live' }, { mid: '99', publication: 'c1' }] });
    assert.deepEqual(bench.room.slots.filter((s) => s.publication).map((s) => s.transceiver.mid), ['4']);
    assert.equal(bench.room.slots[4].kind, 'video');
    bench.socket.fire('slots', { slots: [{ mid: '4', publication: 'c1', state: 'live' }] });
    assert.equal(drawn, 1, 'what is known changes nothing');
    bench.socket.fire('slots', { slots: [{ mid: '4', publication: 'c1', state: 'paused', why: 'bandwidth' }] });
    assert.equal(bench.room.slots[4].why, 'bandwidth');
    bench.socket.fire('slots', { slots: [{ mid: '4', publication: 'c1', state: 'live', rid: 'h', w: 640, h: 360 }] });
    const { why, rid, w, h } = bench.room.slots[4];
    assert.deepEqual([why, rid, w, h], [undefined, 'h', 640, 360]);
    bench.socket.fire('state', { rev: 9, publications: { del: ['c1'] } });
    assert.equal(bench.room.slots[4].publication, null);
    assert.equal(bench.room.slots[4].state, 'idle');
    assert.equal(bench.room.slots[4].rid, undefined);
    assert.equal(drawn, 4);
  });

  test('grow in one offer when more are needed', async () => {
    await bench.join();
    bench.socket.fire('need', { video: 7, audio: 5 });
    await settle();
    assert.equal(bench.room.slots.filter((s) => s.kind === 'video').length, 12);
    assert.equal(bench.room.slots.filter((s) => s.kind === 'audio').length, 5);
    assert.deepEqual(bench.socket.of('offer').map((o) => [o.id, o.sdp]), [[2, 'offer of 17 sections']]);
    bench.socket.fire('need', { video: 12 });
    await settle();
    assert.equal(bench.room.offers, 2);
  });
});

describe('subscribing', () => {
  const subscribed = () => bench.socket.of('subscribe').map((s) => s.publications);

  test('sends differences only, and never an offer', async () => {
    await bench.join();
    bench.socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera, { ...camera, id: 'c2' }] } });
    for (let i = 0; i < 50; i++) {
      bench.room.subscribe([['c1', i % 2 === 0], ['c2', true]]);
      await settle();
    }
    bench.room.subscribe([['c1', false], ['c2', true]]);
    await settle();
    assert.equal(subscribed().length, 50);
    assert.deepEqual(subscribed()[0], [{ id: 'c1', on: true }, { id: 'c2', on: true }]);
    assert.deepEqual(subscribed()[1], [{ id: 'c1', on: false }]);
    assert.equal(bench.room.offers, 1);
    bench.socket.fire('state', { rev: 9, publications: { del: ['c1'] } });
    bench.room.subscribe([['c2', true]]);
    await settle();
    assert.equal(subscribed().length, 50, 'the server knows that it is gone');
  });

  test('asks for pictures in their sizes, and again when these change', async () => {
    await bench.join();
    bench.socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera, { ...camera, id: 'c2' }] } });
    for (const [w, h] of [[640, 360], [640, 360], [320, 180]]) {
      bench.room.subscribe([['c1', { w, h }], ['c2', true]]);
      await settle();
    }
    bench.room.subscribe([['c1', false], ['c2', true]]);
    await settle();
    assert.deepEqual(subscribed(), [
      [{ id: 'c1', on: true, w: 640, h: 360 }, { id: 'c2', on: true }],
      [{ id: 'c1', on: true, w: 320, h: 180 }],
      [{ id: 'c1', on: false }],
    ]);
  });

  test('asks again for what was refused once there is room', async () => {
    await bench.join();
    bench.socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera] } });
    bench.socket.answers.subscribe = { ok: true, slots: [], refused: [{ id: 'c1', code: 'limit_exceeded' }], need: { video: 7 } };
    bench.room.subscribe([['c1', true]]);
    bench.socket.answers.subscribe = { ok: true, slots: [{ mid: '4', publication: 'c1', state: 'live' }] };
    await settle();
    await settle();
    assert.deepEqual(subscribed(), [[{ id: 'c1', on: true }], [{ id: 'c1', on: true }]]);
    assert.equal(bench.room.offers, 2);
  });
});
