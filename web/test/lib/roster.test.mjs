// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Bench, bo, camera } from './bench.mjs';
import { joinAck, settle } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(() => {
  bench = new Bench();
});

describe('state', () => {
  test('follows revisions without gaps', async () => {
    await bench.join();
    bench.socket.fire('state', { rev: 8, members: { add: [bo] }, publications: { add: [camera] } });
    bench.socket.fire('state', { rev: 9, publications: { set: [{ id: 'c1', muted: true }] } });
    assert.deepEqual(bench.room.members.map((m) => m.name), ['Ana', 'Bo']);
    assert.equal(bench.room.publications[0].muted, true);
    assert.equal(bench.room.publications[0].source, 'camera');
    bench.socket.fire('state', { rev: 10, members: { del: [{ id: 'bo', why: 'left' }] } });
    assert.deepEqual(bench.room.members.map((m) => m.name), ['Ana']);
    assert.deepEqual(bench.room.publications, [], 'they leave with their member');
    assert.equal(bench.socket.of('sync').length, 0);
  });

  test('a gap asks for everything, once, and then goes on', async () => {
    await bench.join();
    /** @type {(a: any) => void} */
    let answer = () => {};
    bench.socket.answers.sync = () => new Promise((done) => (answer = done));
    bench.socket.fire('state', { rev: 9, members: { add: [bo] } });
    bench.socket.fire('state', { rev: 11, members: { add: [{ id: 'di', name: 'Di' }] } });
    assert.equal(bench.socket.of('sync').length, 1);
    answer(joinAck({ rev: 10, members: [{ id: 'me', name: 'Ana' }, bo, { id: 'cy', name: 'Cy' }] }));
    await settle();
    assert.equal(bench.room.members.map((m) => m.name).join(), 'Ana,Bo,Cy,Di');
    bench.socket.fire('state', { rev: 12, members: { del: ['cy'] } });
    assert.equal(bench.room.members.map((m) => m.name).join(), 'Ana,Bo,Di');
    assert.equal(bench.socket.of('sync').length, 1);
  });

  test('what a whole state does not say of us any more is no longer so', async () => {
    await bench.join();
    bench.socket.fire('state', { rev: 8, members: { set: [{ id: 'me', hand: 5 }] } });
    assert.equal(bench.room.self?.hand, 5);
    bench.socket.answers.sync = joinAck({ rev: 10 });
    bench.socket.fire('state', { rev: 10, members: { add: [bo] } });
    await settle();
    assert.equal(bench.room.self?.hand, undefined);
  });

  test('events that overtake the join are applied after it', async () => {
    bench.socket.answers.join = () => {
      bench.socket.fire('state', { rev: 7, members: { add: [{ id: 'old', name: 'in the ack already' }] } });
      bench.socket.fire('state', { rev: 8, members: { add: [bo] } });
      return joinAck({ rev: 7 });
    };
    await bench.join();
    assert.equal(bench.room.members.map((m) => m.name).join(), 'Ana,Bo');
    assert.equal(bench.socket.of('sync').length, 0);
  });
});

test('speakers are the members of the newest list', async () => {
  await bench.join();
  bench.socket.fire('speakers', { list: [{ member: 'bo', db: 30 }] });
  assert.ok(bench.room.speakers.has('bo'));
  bench.socket.fire('speakers', { list: [] });
  assert.equal(bench.room.speakers.size, 0);
});
