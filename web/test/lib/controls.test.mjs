// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Emitter } from '../../static/lib/emitter.js';
import { settle } from './fakes.mjs';

/** Answers the prompt that is open. @type {(stream: any) => void} */
let choose = () => {};
Object.defineProperty(globalThis, 'navigator', {
  value: { mediaDevices: { getDisplayMedia: () => new Promise((done) => (choose = done)) } },
});
const { Controls } = await import('../../static/ui/controls.js');

/** A room that takes everything. @extends {Emitter<{muted: string}>} */
class FakeRoom extends Emitter {
  /** @type {any} */
  self = { id: 'me' };
  /** @type {any} */
  can = { publish: ['microphone', 'camera', 'screen', 'screen_audio'] };
  /** @type {any[]} */
  locals = [];

  async publish(/** @type {any} */ track, /** @type {string} */ source, { muted = false } = {}) {
    this.locals.push({ source, track, muted });
  }

  async unpublish(/** @type {string} */ source) {
    this.locals = this.locals.filter((l) => l.source !== source);
  }

  async mute(/** @type {string} */ source, /** @type {boolean} */ muted) {
    this.locals.find((l) => l.source === source).muted = muted;
  }
}

/** Devices that open at once, or when a prompt is answered. */
class FakeMedia {
  mic = { track: /** @type {any} */ (null), on: false, error: '' };
  cam = { track: /** @type {any} */ (null), on: false, error: '' };
  /** What the camera waits for. @type {Promise<void>} */
  prompt = Promise.resolve();

  live(/** @type {'mic'|'cam'} */ d) {
    return this[d].on && this[d].track !== null;
  }

  async turn(/** @type {'mic'|'cam'} */ d, /** @type {boolean} */ on) {
    this[d].on = on;
    await (d === 'cam' ? this.prompt : undefined);
    this[d].track ??= { kind: d };
  }
}

/** What is shared, and the browser's own button that stops it. */
function screen() {
  const track = Object.assign(new EventTarget(), { kind: 'video', stopped: 0, stop: () => track.stopped++ });
  return { track, stream: { getVideoTracks: () => [track], getAudioTracks: () => [], getTracks: () => [track] } };
}

/** @type {FakeRoom} */
let room;
/** @type {FakeMedia} */
let media;
/** @type {InstanceType<typeof Controls>} */
let controls;
beforeEach(async () => {
  room = new FakeRoom();
  media = new FakeMedia();
  controls = new Controls(/** @type {any} */ (room), /** @type {any} */ (media));
  await controls.turn('mic', true);
});

describe('a press', () => {
  const muted = () => room.locals.find((l) => l.source === 'microphone').muted;

  test('mutes at once while the browser asks what to share', async () => {
    controls.share();
    await controls.toggle('mic');
    assert.equal(muted(), true);
    choose(screen().stream);
    await settle();
    assert.deepEqual(room.locals.map((l) => l.source), ['microphone', 'screen']);
  });

  test('mutes at once while the browser asks for the camera', async () => {
    /** @type {() => void} */
    let allow = () => {};
    media.prompt = new Promise((done) => (allow = done));
    const camera = controls.toggle('cam');
    await controls.toggle('mic');
    assert.equal(muted(), true);
    allow();
    await camera;
    assert.deepEqual(room.locals.map((l) => l.source), ['microphone', 'camera']);
  });

  test('mutes at once whatever the server has still to answer', async () => {
    await controls.turn('mic', false);
    room.mute = () => new Promise(() => {});
    controls.turn('mic', true); // the space bar goes down
    await settle();
    controls.turn('mic', false); // and up
    assert.equal(media.live('mic'), false);
  });

  test('turns the other way what is still being turned', async () => {
    /** @type {() => void} */
    let allow = () => {};
    media.prompt = new Promise((done) => (allow = done));
    const all = [controls.toggle('cam'), controls.toggle('cam')];
    allow();
    await Promise.all(all);
    assert.equal(media.cam.on, false);
  });

  test('opens nothing that we may not publish', async () => {
    await controls.turn('mic', false);
    room.can = { publish: [] };
    await controls.turn('mic', true); // such as by the space bar
    assert.equal(media.mic.on, false);
  });
});

test('a share that is stopped twice does not begin anew', async () => {
  const { track, stream } = screen();
  const sharing = controls.share();
  await settle();
  choose(stream);
  await sharing;
  const chosen = choose;
  controls.share();
  track.dispatchEvent(new Event('ended'));
  await settle();
  assert.equal(choose, chosen, 'nothing was asked for again');
  assert.deepEqual([controls.sharing, track.stopped, room.locals.length], [false, 1, 1]);
});
