// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { settle } from './fakes.mjs';

/** What getUserMedia was asked for, answered by hand. @type {{wanted: any, done: (s: any) => void, failed: (e: Error) => void}[]} */
let prompts = [];
/** @type {any[]} */
let tracks = [];
/** @type {any[]} */
let plugged = [];
/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {Record<string, string>} */
let permissions = {};

Object.assign(globalThis, {
  window: Object.assign(globalThis, { isSecureContext: true, RTCPeerConnection: class {} }),
  HTMLMediaElement: class {},
});
Object.defineProperty(globalThis, 'navigator', {
  value: {
    mediaDevices: {
      getUserMedia: (/** @type {any} */ wanted) => new Promise((done, failed) => prompts.push({ wanted, done, failed })),
      enumerateDevices: async () => plugged,
      addEventListener: (/** @type {string} */ _, /** @type {() => void} */ f) => listeners.add(f),
      removeEventListener: (/** @type {string} */ _, /** @type {() => void} */ f) => listeners.delete(f),
    },
    permissions: { query: async (/** @type {any} */ { name }) => ({ state: permissions[name] ?? 'prompt' }) },
  },
});
const { LocalMedia } = await import('../../static/ui/media.js');

/** A stream of what was asked for. @param {any} wanted */
const stream = (wanted) => {
  const made = ['audio', 'video'].filter((kind) => wanted[kind]).map((kind) => ({
    kind, enabled: true, readyState: 'live', stop() { this.readyState = 'ended'; }, addEventListener() {},
  }));
  tracks.push(...made);
  return { getTracks: () => made };
};
const grant = async (i = prompts.length - 1) => {
  prompts[i].done(stream(prompts[i].wanted));
  await settle();
};
const refuse = async (/** @type {string} */ name, i = prompts.length - 1) => {
  prompts[i].failed(new DOMException('Permission denied', name));
  await settle();
};
const live = () => tracks.filter((t) => t.readyState === 'live').map((t) => t.kind);

beforeEach(() => {
  prompts = [];
  tracks = [];
  listeners.clear();
  permissions = {};
  plugged = [{ kind: 'audioinput', deviceId: '' }, { kind: 'videoinput', deviceId: '' }];
});

describe('one’s own devices', () => {
  test('are asked for in one prompt', async () => {
    const media = new LocalMedia();
    const started = media.start();
    assert.equal(media.starting, true);
    await grant();
    await started;
    assert.deepEqual([prompts.length, media.starting, media.live('mic'), media.live('cam')], [1, false, true, true]);
  });

  test('what was still looked for when the call ended is not opened', async () => {
    const media = new LocalMedia();
    media.mic.id = 'usb';
    media.start();
    media.stop();
    await settle();
    assert.deepEqual(prompts, []);
    assert.deepEqual(live(), []);
  });

  test('a camera turned off while the prompt is open is closed at once', async () => {
    const media = new LocalMedia();
    media.start();
    media.turn('cam', false);
    await grant();
    assert.deepEqual([live(), media.live('cam'), media.live('mic')], [['audio'], false, true]);
    media.turn('cam', true);
    await settle();
    await grant();
    assert.deepEqual(live(), ['audio', 'video']);
  });

  test('a device chosen while another opens is the one that stays', async () => {
    const media = new LocalMedia();
    media.cam.on = true;
    media.mic.on = false;
    media.start();
    media.choose('cam', 'second');
    await settle();
    assert.equal(prompts[1].wanted.video.deviceId, 'second');
    await grant(1);
    await grant(0);
    assert.equal(media.cam.track, tracks[0]);
    assert.deepEqual(tracks.map((t) => t.readyState), ['live', 'ended']);
  });

  test('what is granted after the end is closed, and nothing listens any more', async () => {
    const media = new LocalMedia();
    assert.equal(listeners.size, 1);
    media.start();
    media.stop();
    await grant();
    assert.deepEqual([live(), listeners.size], [[], 0]);
  });

  test('a refusal is kept until one asks again', async () => {
    const media = new LocalMedia();
    media.start();
    await refuse('NotAllowedError');
    assert.deepEqual([media.mic.error, media.cam.error, prompts.length], ['mic_denied', 'cam_denied', 1]);
    media.turn('mic', true);
    await settle();
    assert.deepEqual([prompts.length, prompts[1].wanted.video], [2, false], 'the camera is not asked for again by the way');
    await grant();
    assert.deepEqual([media.live('mic'), media.live('cam'), media.cam.error], [true, false, 'cam_denied']);
  });

  test('one that is absent leaves the other alone, and can be plugged in', async () => {
    plugged = [{ kind: 'audioinput', deviceId: 'a' }];
    const media = new LocalMedia();
    media.start();
    await refuse('NotFoundError');
    await grant(1);
    await refuse('NotFoundError', 2);
    assert.deepEqual([media.live('mic'), media.cam.error], [true, 'cam_missing']);
    plugged.push({ kind: 'videoinput', deviceId: 'v' });
    listeners.forEach((f) => f());
    await settle();
    assert.deepEqual([media.cam.error, media.cam.on, prompts.length], ['', false, 3]);
  });

  test('joining at once is for those who are asked nothing', async () => {
    const media = new LocalMedia();
    assert.equal(await media.asks(), true);
    permissions = { camera: 'granted', microphone: 'granted' };
    assert.equal(await media.asks(), false);
    permissions = { camera: 'denied', microphone: 'granted' };
    assert.equal(await media.asks(), true);
    plugged = [];
    assert.equal(await media.asks(), false);
  });
});
