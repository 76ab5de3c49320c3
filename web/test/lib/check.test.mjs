// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { checkConnection } from '../../static/lib/switchyard.js';
import { FakePeerConnection, FakeSocket, settle } from './fakes.mjs';

/** @type {FakeSocket} */
let socket;
/** What was posted. @type {any[]} */
let posted;

beforeEach(() => {
  socket = new FakeSocket();
  posted = [];
  FakePeerConnection.all = [];
});

/** @param {any} [o] */
const start = ({ status = 200, ...o } = {}) => checkConnection({
  connect: () => /** @type {any} */ (socket),
  PeerConnection: /** @type {any} */ (FakePeerConnection),
  fetch: async (url, init) => {
    posted.push({ url, type: /** @type {any} */ (init).headers['Content-Type'], body: init?.body });
    return new Response('answer', { status });
  },
  ...o,
});

test('what gets through is told, and nothing stays open', async () => {
  const result = start({ iceServers: [{ urls: 'turn:t' }], url: 'https://meet.example' });
  await settle();
  const [pc] = FakePeerConnection.all;
  assert.deepEqual(pc.config, { iceServers: [{ urls: 'turn:t' }] });
  assert.equal(pc.channels.length, 1);
  assert.deepEqual(posted, [{ url: 'https://meet.example/check', type: 'application/sdp', body: 'offer of 0 sections' }]);
  assert.equal(pc.remoteDescription.sdp, 'answer');
  pc.become('connected');
  assert.deepEqual(await result, { events: 'websocket', media: 'udp' });
  assert.ok(pc.closed && !socket.connected);
});

test('the way of media is that of the selected pair', async () => {
  for (const [local, want] of /** @type {[any, string][]} */ ([
    [{ candidateType: 'host', protocol: 'udp' }, 'udp'], [{ candidateType: 'host', protocol: 'tcp' }, 'tcp'], [{ candidateType: 'relay', protocol: 'udp' }, 'relay'],
  ])) {
    const result = start();
    await settle();
    const pc = /** @type {any} */ (FakePeerConnection.all.at(-1));
    pc.getStats = async () => new Map([
      ['T', { type: 'transport', selectedCandidatePairId: 'P' }], ['P', { type: 'candidate-pair', localCandidateId: 'L' }], ['L', local],
    ]);
    pc.become('connected');
    assert.equal((await result).media, want);
  }
});

test('what is blocked is told apart from what is not known', async () => {
  const failed = start();
  await settle();
  FakePeerConnection.all[0].become('failed');
  assert.equal((await failed).media, 'blocked');
  assert.equal((await start({ status: 429 })).media, 'unknown');
  assert.equal((await start({ fetch: async () => { throw new TypeError('offline'); } })).media, 'unknown');
  assert.equal((await start({ PeerConnection: null })).media, 'unknown', 'a browser without WebRTC');
});

test('polling is told only if it does not turn into a WebSocket', async () => {
  for (const upgrades of [true, false]) {
    socket = new FakeSocket();
    socket.connect = () => {
      socket.connected = true;
      socket.fire('connect_error', new Error('websocket error'));
      socket.io.engine.transport.name = 'polling';
      socket.fire('connect');
    };
    const result = start({ status: 503 });
    if (upgrades) {
      socket.io.engine.upgraded();
    }
    assert.equal((await result).events, upgrades ? 'websocket' : 'polling');
    assert.ok(!socket.connected);
  }
});

test('a check can be given up', async () => {
  const over = new AbortController();
  socket.connect = () => {};
  const result = start({ signal: over.signal });
  await settle();
  over.abort();
  assert.deepEqual(await result, { events: 'blocked', media: 'unknown' });
  assert.ok(FakePeerConnection.all[0].closed);
});
