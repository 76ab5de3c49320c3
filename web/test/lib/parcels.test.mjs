// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { pack, unpack } from '../../static/lib/parcels.js';
import { Bench } from './bench.mjs';
import { FakePeerConnection, settle } from './fakes.mjs';
/** @import {Parcel} from '../../static/lib/parcels.js' */

const bytes = (/** @type {string} */ s) => new TextEncoder().encode(s);

describe('the binary form', () => {
  test('is that of the protocol', () => {
    assert.deepEqual([...pack('t', ['ab', 'c'], bytes('hi'))], [1, 0x74, 2, 2, 0x61, 0x62, 1, 0x63, 0x68, 0x69]);
    assert.deepEqual(unpack(pack('ü', ['ab'], bytes(''))), { topic: 'ü', ids: ['ab'], bytes: bytes('') });
    assert.deepEqual(unpack(pack('t', [], bytes('hi'))), { topic: 't', ids: [], bytes: bytes('hi') });
  });

  test('that is cut off is nothing', () => {
    const whole = pack('t', ['ab', 'c'], bytes(''));
    for (let n = 0; n < whole.length; n++) {
      assert.equal(unpack(whole.subarray(0, n)), null, `${n} bytes`);
    }
  });
});

describe('data', () => {
  /** @type {Bench} */
  let bench;
  /** @type {Parcel[]} */
  let got;
  beforeEach(async () => {
    bench = new Bench();
    bench.socket.answers.data = { ok: true };
    got = [];
    bench.room.on('data', (p) => got.push(p));
  });
  const channels = () => FakePeerConnection.all[0].channels;

  test('goes by the event until there are channels, and then through these', async () => {
    await bench.join();
    await bench.room.sendData('t', bytes('one'), { to: ['bo'] });
    await bench.room.sendData('t', bytes('two'), { reliable: false });
    assert.deepEqual(bench.socket.of('data'), [
      { topic: 't', payload: btoa('one'), to: ['bo'], reliable: true },
      { topic: 't', payload: btoa('two'), to: [], reliable: false },
    ]);
    await settle();
    assert.equal(bench.socket.of('offer').length, 1, 'one offer for both channels');
    const [sure, lossy] = channels();
    assert.deepEqual([sure.label, sure.init, lossy.label, lossy.init], ['sw', undefined, 'sw-lossy', { ordered: false, maxRetransmits: 0 }]);
    sure.open();
    lossy.open();
    await bench.room.sendData('t', bytes('three'), { to: ['bo'] });
    await bench.room.sendData('t', bytes('four'), { reliable: false });
    assert.deepEqual([...sure.sent, ...lossy.sent], [pack('t', ['bo'], bytes('three')), pack('t', [], bytes('four'))]);
    assert.equal(bench.socket.of('data').length, 2);
    assert.equal(bench.socket.of('offer').length, 1);
  });

  test('comes by the event and through channels', async () => {
    await bench.join();
    bench.socket.fire('data', { id: 'd1', ts: 1, sender: 'bo', topic: 't', payload: btoa('\u0000\u00ff'), reliable: false });
    await bench.room.sendData('t', bytes(''));
    channels()[0].receive(pack('t', ['bo'], bytes('hi')));
    channels()[0].receive(bytes('\u0009cut'));
    assert.deepEqual(got, [
      { topic: 't', bytes: Uint8Array.of(0, 255), member: 'bo', reliable: false },
      { topic: 't', bytes: bytes('hi'), member: 'bo', reliable: true },
    ]);
  });

  test('waits while much is under way, in order; what is not reliable is lost', async () => {
    await bench.join();
    await bench.room.sendData('t', bytes(''));
    const [sure, lossy] = channels();
    sure.open();
    lossy.open();
    sure.bufferedAmount = lossy.bufferedAmount = 256 << 10;
    const all = Promise.all(['1', '2', '3'].map((s) => bench.room.sendData('t', bytes(s))));
    await bench.room.sendData('t', bytes('lost'), { reliable: false });
    await settle();
    assert.deepEqual([sure.sent.length, lossy.sent.length], [0, 0]);
    sure.drain();
    await all;
    assert.deepEqual(sure.sent, ['1', '2', '3'].map((s) => pack('t', [], bytes(s))));
  });

  test('that is too fast for the server is sent again, or lost', async () => {
    await bench.join();
    let refusals = 1;
    bench.socket.answers.data = () => (refusals-- > 0 ? { ok: false, code: 'rate_limited', retry_after_ms: 1 } : { ok: true });
    await bench.room.sendData('t', bytes('sure'));
    refusals = 1;
    await bench.room.sendData('t', bytes('lossy'), { reliable: false });
    assert.deepEqual(bench.socket.of('data').map((d) => atob(d.payload)), ['sure', 'sure', 'lossy']);
  });

  test('is refused before it is sent', async () => {
    await assert.rejects(bench.room.sendData('t', bytes('')), { code: 'not_joined' });
    await bench.join();
    await assert.rejects(bench.room.sendData('', bytes('')), { code: 'bad_request' });
    await assert.rejects(bench.room.sendData('ü'.repeat(33), bytes('')), { code: 'bad_request' });
    await assert.rejects(bench.room.sendData('t', new Uint8Array((16 << 10) + 1)), { code: 'too_large' });
    await assert.rejects(bench.room.sendData('t', bytes(''), { to: Array(256).fill('a') }), { code: 'limit_exceeded' });
    bench.socket.answers.data = { ok: false, code: 'forbidden' };
    await assert.rejects(bench.room.sendData('t', bytes('')), { code: 'forbidden' });
    assert.equal(bench.socket.of('data').length, 1);
  });
});
