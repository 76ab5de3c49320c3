// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Bench } from './bench.mjs';
import { FakePeerConnection, joinAck, settle, track } from './fakes.mjs';

describe('a backup codec', () => {
  /** @type {Bench} */
  let bench;
  beforeEach(async () => {
    bench = new Bench();
    await bench.room.publish(track('video'), 'camera');
    bench.socket.answers.join = joinAck({ published: [{ mid: '10', publication: 'p0' }] });
    bench.socket.answers.offer = (/** @type {any} */ o) => ({
      ok: true, id: o.id, answer: 'answer', slots: [],
      published: o.publish.map((/** @type {any} */ p) => ({ mid: p.mid, publication: p.backup_of ?? `p${p.mid}` })),
    });
    await bench.join();
  });
  const ask = async (/** @type {string} */ codec, /** @type {string[]} */ active) => {
    bench.socket.fire('layers', { publication: 'p0', codec, active });
    await settle();
  };
  const sections = () => FakePeerConnection.all[0].transceivers.filter((t) => t.direction === 'sendonly' && !t.stopped);

  test('is sent while it is asked for', async () => {
    assert.ok(bench.socket.of('join')[0].caps.includes('backup'));
    await ask('H264', ['']);
    const [offer] = bench.socket.of('offer');
    const [first, second] = sections();
    assert.deepEqual(offer.publish, [{ mid: second.mid, kind: 'video', source: 'camera', muted: false, backup_of: 'p0' }]);
    assert.equal(second.sender.track, first.sender.track);
    assert.equal(second.sender.getParameters().encodings.length, 1);
    assert.deepEqual(bench.room.locals.map((l) => l.id), ['p0'], 'it is no publication');
    await ask('H264', ['']);
    assert.equal(bench.socket.of('offer').length, 1, 'it is sent already');
    await ask('H264', []);
    assert.equal(bench.socket.of('offer').length, 2);
    assert.deepEqual(sections(), [first]);
    await ask('H264', []);
    assert.equal(bench.socket.of('offer').length, 2);
  });

  test('follows the track and ends with the publication', async () => {
    await ask('H264', ['']);
    const other = track('video');
    await bench.room.replace('camera', other);
    assert.ok(sections().every((t) => t.sender.track === other));
    await bench.room.unpublish('camera');
    assert.deepEqual(sections(), []);
  });

  test('is none in the codec that is sent', async () => {
    await ask('VP8', ['']);
    assert.equal(bench.socket.of('offer').length, 0);
  });
});
