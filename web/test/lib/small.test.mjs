// @ts-check
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { Emitter } from '../../static/lib/emitter.js';
import { RoomError, captureCode } from '../../static/lib/errors.js';
import { trimmed } from '../../static/lib/sections.js';
import { visit } from '../../static/lib/visitor.js';
import { typedefs } from '../../typedefs.mjs';
import { clock, initials, newRoomName, roomName } from '../../static/ui/names.js';

const root = new URL('../../', import.meta.url);

test('errors of devices have codes', () => {
  for (const [name, message, device, want] of /** @type {const} */ ([
    ['NotAllowedError', 'Permission denied', 'cam', 'cam_denied'],
    ['NotAllowedError', 'Permission denied by system', 'mic', 'mic_denied_os'],
    ['NotFoundError', '', 'cam', 'cam_missing'],
    ['OverconstrainedError', '', 'cam', 'cam_missing'],
    ['NotReadableError', '', 'cam', 'cam_busy'],
    ['AbortError', '', 'mic', 'mic_busy'],
    ['TypeError', '', 'screen', 'screen_failed'],
  ])) {
    assert.equal(captureCode(new DOMException(message, name), device), want, `${name} ${message}`);
  }
  assert.equal(captureCode('what?', 'cam'), 'cam_failed');
});

test('codecs are trimmed to those that are forwarded, with their helpers', () => {
  const codec = (/** @type {string} */ mimeType, sdpFmtpLine = '') => ({ mimeType, sdpFmtpLine, clockRate: 90000 });
  const got = trimmed([
    codec('video/rtx'), codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'),
    codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'),
    codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f'),
    codec('video/AV1', 'level-idx=5;profile=0;tier=0'), codec('video/AV1', 'level-idx=5;profile=1;tier=0'),
    codec('video/VP9', 'profile-id=0'), codec('video/VP9', 'profile-id=2'),
    codec('video/VP8'), codec('video/red'), codec('video/ulpfec'), codec('video/flexfec-03', 'repair-window=10000000'),
  ], 'video').map((c) => c.mimeType + (c.mimeType === 'video/H264' ? c.sdpFmtpLine?.slice(-6) : ''));
  assert.deepEqual(got, ['video/VP8', 'video/VP9', 'video/AV1', 'video/H26442e01f', 'video/rtx', 'video/red', 'video/flexfec-03']);
  const audio = ['audio/PCMU', 'audio/red', 'audio/opus', 'audio/CN'].map((m) => codec(m));
  assert.deepEqual(trimmed(audio, 'audio').map((c) => c.mimeType), ['audio/opus', 'audio/red']);
});

test('a listener that throws stops nobody', async () => {
  const e = new Emitter();
  /** @type {number[]} */
  const got = [];
  const off = e.on('x', (n) => got.push(n));
  e.on('x', (n) => got.push(n * 10));
  e.emit('x', 1);
  off();
  e.emit('x', 2);
  assert.deepEqual(got, [1, 10, 20]);
});

test('visit tells the name and learns the ICE servers', async () => {
  /** @type {any} */
  let asked;
  const answer = (/** @type {any} */ body, status = 200) => async (/** @type {any} */ url, /** @type {any} */ init) => {
    asked = { url, ...init };
    return new Response(JSON.stringify(body), { status });
  };
  const ice = [{ urls: 'stun:127.0.0.1:3478' }];
  assert.deepEqual(await visit('Ana', { fetch: answer({ name: 'Ana', ice_servers: ice, expires: 1 }) }), { name: 'Ana', iceServers: ice });
  assert.equal(asked.url, '/visitor');
  assert.equal(asked.method, 'POST');
  assert.equal(asked.body, '{"name":"Ana"}');
  await assert.rejects(visit('Ana', { fetch: answer({ code: 'rate_limited' }, 429) }), { code: 'rate_limited' });
  await assert.rejects(visit('Ana', { fetch: async () => { throw new TypeError('offline'); } }), { code: 'offline' });
});

test('visit does not wait for a server that says nothing, or half of it', async () => {
  /** Never answers, until it is given up. @type {any} */
  const silent = (/** @type {string} */ _, /** @type {RequestInit} */ { signal }) =>
    new Promise((_, failed) => signal?.addEventListener('abort', () => failed(signal.reason)));
  await assert.rejects(visit('Ana', { fetch: silent, patience: 5 }), { code: 'timeout' });
  const half = async (/** @type {any} */ _, /** @type {any} */ { signal }) => new Response(new ReadableStream({
    start: (c) => signal.addEventListener('abort', () => c.error(signal.reason)),
  }));
  await assert.rejects(visit('Ana', { fetch: /** @type {any} */ (half), patience: 5 }), { code: 'timeout' });
});

test('room names are read from what people paste', () => {
  for (const [text, want] of [
    ['blue-fox-42', 'blue-fox-42'], ['  standup ', 'standup'], ['our team', 'our-team'],
    ['https://meet.example/?room=blue-fox-42&name=Ana', 'blue-fox-42'], ['meet.example/?room=x1', 'x1'],
    ['http://127.0.0.1:8080/?room=a%20b', 'a-b'], ['https://meet.example/', ''], ['', ''], ['<script>', ''], ['x'.repeat(33), ''],
  ]) {
    assert.equal(roomName(text), want, text);
  }
  assert.match(newRoomName(), /^[a-z]+-[a-z]+-\d{2,3}$/);
  assert.equal(roomName(newRoomName()) !== '', true);
});

test('names and times are short', () => {
  assert.deepEqual(['Ana', 'Bo Andersen', ' ', 'élodie de la Tour', '李 雷'].map(initials), ['A', 'BA', '?', 'ÉT', '李雷']);
  assert.deepEqual([0, 61_000, 3_723_000, -5].map(clock), ['0:00', '1:01', '1:02:03', '0:00']);
});

test('every code of the protocol has a sentence', async () => {
  const strings = JSON.parse(await readFile(new URL('static/lang/en.json', root), 'utf8'));
  const codes = `bad_request unknown_event unsupported_version not_joined already_joined unauthorized token_expired
    forbidden room_not_found room_full locked rejected duplicate_identity session_unknown session_expired stale_offer
    bad_sdp no_common_codec publication_not_found member_not_found slot_not_found banned limit_exceeded too_large
    rate_limited draining server_busy kicked room_ended slow_consumer internal cam_denied mic_denied cam_denied_os
    cam_missing cam_busy insecure unsupported media_blocked offline timeout closed aborted moved`.split(/\s+/);
  assert.deepEqual(codes.filter((c) => !strings[`error.${c}`]), []);
});

test('the vendored socket.io client is the one of the lock file', async () => {
  const [ours, theirs] = await Promise.all([
    readFile(new URL('static/lib/vendor/socket.io.esm.min.js', root)),
    readFile(new URL('node_modules/socket.io-client/dist/socket.io.esm.min.js', root)),
  ]);
  assert.ok(ours.equals(theirs));
});

test('the types of the protocol are those of the schemas', async () => {
  const written = await readFile(new URL('static/lib/protocol.js', root), 'utf8');
  assert.equal(written, await typedefs(), 'run `npm run types` in web/');
});
