// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathRow, trackRows } from '../../static/ui/statistics.js';

/** @param {any[]} list */
const report = (...list) => new Map(list.map((s) => [s.id, s]));

const codec = { id: 'C', type: 'codec', mimeType: 'video/VP8' };
const picture = {
  id: 'I', type: 'inbound-rtp', kind: 'video', mid: '4', codecId: 'C', frameWidth: 640, frameHeight: 360, framesPerSecond: 24.6,
  timestamp: 1000, packetsReceived: 100, packetsLost: 0, bytesReceived: 100_000, jitterBufferDelay: 1, jitterBufferEmittedCount: 20,
};

test('what is received, in numbers since the look before', () => {
  const now = { ...picture, timestamp: 2000, packetsReceived: 190, packetsLost: 10, bytesReceived: 162_500, jitterBufferDelay: 2, jitterBufferEmittedCount: 45 };
  assert.deepEqual(trackRows(report(codec, now), report(codec, picture)), [{
    id: 'I', direction: 'in', kind: 'video', mid: '4', codec: 'VP8', size: '640×360@25', layer: '', kbps: 500, loss: 0.1, rtt: null, buffer: 40,
  }]);
  const [first] = trackRows(report(codec, now), null);
  assert.deepEqual([first.kbps, first.loss, first.buffer], [null, null, null], 'the first look has no rates');
});

test('what is sent, by encoding, and what is idle is left out', () => {
  const sent = {
    id: 'O', type: 'outbound-rtp', kind: 'video', mid: '1', codecId: 'C', rid: 'h', scalabilityMode: 'L1T3', active: true,
    frameWidth: 1280, frameHeight: 720, framesPerSecond: 30, packetsSent: 5, bytesSent: 2500, timestamp: 3000, remoteId: 'R',
  };
  const remote = { id: 'R', type: 'remote-inbound-rtp', fractionLost: 0.02, roundTripTime: 0.031 };
  const idle = { ...sent, id: 'O2', rid: 'q', active: false };
  const unheard = { ...picture, id: 'I2', packetsReceived: 0 };
  assert.deepEqual(trackRows(report(codec, sent, idle, remote, unheard), report({ ...sent, bytesSent: 0, timestamp: 2000 })), [{
    id: 'O', direction: 'out', kind: 'video', mid: '1', codec: 'VP8', size: '1280×720@30', layer: 'h L1T3', kbps: 20, loss: 0.02, rtt: 31, buffer: null,
  }]);
});

test('the path is that of the pair in use', () => {
  const pair = { id: 'P', type: 'candidate-pair', localCandidateId: 'L', currentRoundTripTime: 0.004, availableOutgoingBitrate: 1_500_000 };
  const transport = { id: 'T', type: 'transport', selectedCandidatePairId: 'P' };
  for (const [local, want] of /** @type {const} */ ([
    [{ protocol: 'udp', candidateType: 'host' }, 'UDP'],
    [{ protocol: 'tcp', candidateType: 'host' }, 'TCP'],
    [{ protocol: 'udp', candidateType: 'relay' }, 'TURN'],
  ])) {
    assert.deepEqual(pathRow(report(transport, pair, { id: 'L', ...local })), { path: want, rtt: 4, outgoing: 1500 });
  }
  assert.deepEqual(pathRow(report()), { path: '', rtt: null, outgoing: null });
});
