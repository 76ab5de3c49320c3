// @ts-check
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Demand, targets } from '../../static/lib/demand.js';
import { Bench } from './bench.mjs';
import { FakePeerConnection, fakeParameters, joinAck, settle, track } from './fakes.mjs';

const camera = [
  { rid: 'f', maxBitrate: 1_700_000 }, { rid: 'h', maxBitrate: 500_000, scaleResolutionDownBy: 2 }, { rid: 'q', maxBitrate: 150_000 },
];
const screen = [{ maxBitrate: 2_500_000 }];

/** @param {any} list of encodings */
const say = (list) => list.map((/** @type {any} */ e) => `${e.rid ?? '-'} ${e.active === false ? 'off' : e.maxBitrate / 1000}`).join(', ');

test('what is wanted says what each encoding should be', () => {
  for (const [own, active, max_bps, want] of /** @type {[any[], string[]|null, number|undefined, string][]} */ ([
    [camera, null, undefined, 'f 1700, h 500, q 150'],
    [camera, ['f', 'h', 'q'], undefined, 'f 1700, h 500, q 150'],
    [camera, ['q'], undefined, 'f off, h off, q 150'],
    [camera, [], undefined, 'f off, h off, q off'],
    [camera, ['x'], undefined, 'f off, h off, q off'],
    [camera, ['f', 'h', 'q'], 1_000_000, 'f 350, h 500, q 150'],
    [camera, ['f', 'h', 'q'], 500_000, 'f 30, h 350, q 150'],
    [camera, ['f'], 9_000_000, 'f 1700, h off, q off'],
    [camera, ['f'], 0, 'f 1700, h off, q off'],
    [camera, ['h'], 1000, 'f off, h 30, q off'],
    [screen, [], undefined, '- off'],
    [screen, ['f'], 600_000, '- 600'],
    [[{}], ['f'], undefined, '- NaN'],
  ])) {
    const wanted = active ? { publication: 'p', active, max_bps } : undefined;
    const got = targets(own, wanted).map((t, i) => ({ rid: own[i].rid, ...t }));
    assert.equal(say(got), want, `${active} of ${say(own)} in ${max_bps}`);
  }
});

describe('a sender', () => {
  /** @type {ReturnType<typeof fakeParameters>} */
  let sender;
  /** @type {Demand} */
  let demand;
  const now = () => say(sender.parameters.encodings);
  const want = (/** @type {string[]} */ ...active) => demand.want({ publication: 'p', active });

  beforeEach(() => {
    sender = fakeParameters(camera);
    demand = new Demand();
    demand.attach(/** @type {any} */ (sender), camera);
  });

  test('is changed only where something is to be changed', async () => {
    want('f', 'h', 'q');
    await settle();
    assert.equal(sender.changes.length, 0);
    want('q');
    await settle();
    want('q');
    await settle();
    assert.equal(sender.changes.length, 1);
    assert.equal(now(), 'f off, h off, q 150');
    assert.equal(sender.parameters.encodings[1].scaleResolutionDownBy, 2, 'the rest stays');
    demand.want(undefined);
    await settle();
    assert.equal(now(), 'f 1700, h 500, q 150');
  });

  test('is changed by one at a time, and the newest wins', async () => {
    /** @type {(() => void)[]} */
    const open = [];
    sender.hold = () => new Promise((done) => open.push(done));
    want('q');
    want('h');
    want();
    want('f');
    await settle();
    assert.equal(open.length, 1);
    open[0]();
    await settle();
    assert.equal(open.length, 2);
    assert.equal(now(), 'f off, h off, q 150');
    open[1]();
    await settle();
    assert.equal(open.length, 2);
    assert.equal(now(), 'f 1700, h off, q off');
  });

  test('that refuses is asked again, and not for ever', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let asked = 0;
    sender.hold = async () => {
      if (++asked <= 2) {
        throw new DOMException('negotiating', 'InvalidStateError');
      }
    };
    want('q');
    for (let i = 0; i < 2; i++) {
      await settle();
      t.mock.timers.tick(100);
    }
    await settle();
    assert.equal(now(), 'f off, h off, q 150');

    sender.hold = () => Promise.reject(new DOMException('stopped', 'InvalidStateError'));
    asked = 0;
    const { setParameters } = sender;
    sender.setParameters = (p) => (asked++, setParameters(p));
    want('f');
    for (let i = 0; i < 20; i++) {
      await settle();
      t.mock.timers.tick(100);
    }
    assert.equal(asked, 6);
    sender.hold = null;
    demand.apply();
    await settle();
    assert.equal(now(), 'f 1700, h off, q off', 'the next occasion takes it up');
  });

  test('that is gone is left alone', async () => {
    demand.detach();
    want();
    await settle();
    assert.equal(now(), 'f 1700, h 500, q 150');
  });

  test('knows what it encodes', () => {
    assert.deepEqual(['VP8', 'vp8', 'video/VP8', undefined, 'AV1'].map((c) => demand.encodes(c)), [true, true, true, true, false]);
  });
});

describe('a room', () => {
  /** @type {Bench} */
  let bench;
  afterEach(() => bench.room.leave());

  const camera = { mid: '10', publication: 'p0' };
  const isOn = () => FakePeerConnection.all.at(-1)?.transceivers[10].sender.parameters.encodings[0].active ?? true;
  const layers = (/** @type {object} */ e) => bench.socket.fire('layers', { publication: 'p0', ...e });

  beforeEach(async () => {
    bench = new Bench();
    bench.socket.answers.join = joinAck({ published: [camera] });
    await bench.room.publish(track('video'), 'camera');
    await bench.join();
  });

  test('says that it can', () => assert.ok(bench.socket.of('join')[0].caps.includes('layers')));

  test('stops what nobody wants, and starts it again at once', async () => {
    assert.equal(isOn(), true);
    layers({ active: [] });
    await settle();
    assert.equal(isOn(), false);
    layers({ active: ['f'] });
    await settle();
    assert.equal(isOn(), true);
    for (const odd of [{}, { active: 'f' }, { active: [], codec: 'AV1' }, { active: [], publication: 'other' }, { active: [], publication: 7 }]) {
      layers(odd);
      await settle();
      assert.equal(isOn(), true, JSON.stringify(odd));
    }
  });

  test('keeps to it when a track is replaced, and after negotiations', async () => {
    layers({ active: [] });
    await settle();
    const { sender } = FakePeerConnection.all[0].transceivers[10];
    for (const act of [
      () => bench.room.replace('camera', track('video')),
      () => bench.room.publish(track('video'), 'screen'),
      () => FakePeerConnection.all[0].become('failed'), // restarts ICE
    ]) {
      sender.parameters.encodings[0].active = true; // a browser forgets
      await act();
      await settle();
      assert.equal(isOn(), false, String(act));
    }
  });

  test('takes a word that comes before the answer', async () => {
    const answer = bench.socket.answers.offer;
    bench.socket.answers.offer = (/** @type {any} */ o) => {
      const ack = answer(o);
      bench.socket.fire('layers', { publication: ack.published[0].publication, active: [] });
      return ack;
    };
    const local = await bench.room.publish(track('video'), 'screen');
    await settle();
    assert.equal(/** @type {any} */ (local.transceiver?.sender).parameters.encodings[0].active, false);
    assert.equal(isOn(), true);
  });

  test('sends everything when it has heard nothing for 2 s, unless it is told again', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    layers({ active: [] });
    await settle();
    bench.socket.lose();
    t.mock.timers.tick(1999);
    await settle();
    assert.equal(isOn(), false);
    bench.socket.connect();
    await settle();
    layers({ active: [] });
    t.mock.timers.tick(1);
    await settle();
    assert.equal(isOn(), false, 'the server has said it again');
    bench.socket.lose();
    t.mock.timers.tick(2000);
    await settle();
    assert.equal(isOn(), true);
  });

  test('that is joined anew starts with everything', async () => {
    layers({ active: [] });
    await settle();
    bench.socket.lose();
    bench.socket.answers.join = (/** @type {any} */ a) => (a.resume ? { ok: false, code: 'session_unknown' } :
      joinAck({ published: [{ mid: '10', publication: 'p9' }] }));
    bench.socket.connect();
    await settle();
    await settle();
    assert.equal(bench.room.locals[0].id, 'p9');
    assert.equal(isOn(), true);
  });
});
