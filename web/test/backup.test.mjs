// @ts-check
// A browser that decodes nothing but H.264 watches one that sends VP8 to another.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cleanUp, open, startBrowser, startServer, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

after(cleanUp);

/**
 * Joins with the library alone, with a camera or to watch everything.
 * @param {Page} page @param {string} name @param {{camera?: boolean, only?: string}} o
 */
function enter(page, name, o) {
  return page.evaluate(async ([name, o]) => {
    if (o.only) {
      const all = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
      RTCRtpReceiver.getCapabilities = (kind) => {
        const list = all(kind);
        return list && kind === 'video' ? { ...list, codecs: list.codecs.filter((c) => c.mimeType === o.only) } : list;
      };
    }
    const { Room } = await import(/** @type {string} */ ('/lib/switchyard.js'));
    const room = new Room();
    Object.assign(globalThis, { room });
    if (o.camera) {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
      await room.publish(stream.getVideoTracks()[0], 'camera');
    }
    await room.join({ room: 'backup', name });
  }, /** @type {const} */ ([name, o]));
}

/** @param {Page} page @param {boolean} on whether it shows the one picture */
const watch = (page, on) => page.evaluate((on) => {
  const { room } = /** @type {any} */ (globalThis);
  room.subscribe([[room.publications[0].id, on]]);
}, on);

/**
 * Frames by codec.
 * @param {Page} page @param {'inbound-rtp'|'outbound-rtp'} type
 * @returns {Promise<Record<string, number>>}
 */
const frames = (page, type) => page.evaluate(async (type) => {
  const stats = [...(await /** @type {any} */ (globalThis).room.pc.getStats()).values()];
  /** @type {Record<string, number>} */
  const out = {};
  for (const s of stats.filter((s) => s.type === type && s.kind === 'video')) {
    const codec = stats.find((c) => c.id === s.codecId)?.mimeType;
    if (codec) {
      out[codec] = (out[codec] ?? 0) + ((type === 'inbound-rtp' ? s.framesDecoded : s.framesSent) ?? 0);
    }
  }
  return out;
}, type);

test('who cannot decode VP8 is sent H.264, and only as long as it watches', { timeout: 90_000 }, async () => {
  const { url } = await startServer();
  const browser = await startBrowser();
  const [ana, bo, old] = [await open(browser, url), await open(browser, url), await open(browser, url)];
  await enter(ana, 'Ana', { camera: true });
  await enter(bo, 'Bo', {});
  await watch(bo, true);
  await until('Bo sees VP8', async () => (await frames(bo, 'inbound-rtp'))['video/VP8'] > 5, 20_000);
  assert.deepEqual(Object.keys(await frames(ana, 'outbound-rtp')), ['video/VP8']);

  await enter(old, 'Old', { only: 'video/H264' });
  await watch(old, true);
  await until('Old sees H.264', async () => (await frames(old, 'inbound-rtp'))['video/H264'] > 5, 20_000);
  const before = (await frames(bo, 'inbound-rtp'))['video/VP8'];
  await until('Bo goes on seeing VP8', async () => (await frames(bo, 'inbound-rtp'))['video/VP8'] > before + 5);
  assert.equal((await frames(bo, 'inbound-rtp'))['video/H264'], undefined);

  await watch(old, false);
  await until('Ana has one section again', () => ana.evaluate(() => /** @type {any} */ (globalThis).room.pc.getTransceivers()
    .filter((/** @type {RTCRtpTransceiver} */ t) => t.sender.track && t.currentDirection === 'sendonly').length === 1));
  await watch(old, true);
  const seen = (await frames(old, 'inbound-rtp'))['video/H264'];
  await until('Old sees it again', async () => (await frames(old, 'inbound-rtp'))['video/H264'] > seen + 5, 20_000);
});
