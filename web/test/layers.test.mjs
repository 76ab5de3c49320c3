// @ts-check
// What a page is shown changes its size all the time; Chromium's decoder must
// not notice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seesAndHears } from './measure.mjs';
import { cleanUp, errorsOfPages, join, small, startBrowser, startServer, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

const switches = Number(process.env.SWITCHES ?? 100);
/** Widths of the encodings of a camera with 1280×720. */
const widths = [320, 640, 1280];

/** Makes a camera one of three encodings, whatever the page would send. */
function simulcast() {
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (/** @type {MediaStreamTrack | string} */ track, /** @type {RTCRtpTransceiverInit | undefined} */ init) {
    const list = init?.sendEncodings;
    if (init?.direction === 'sendonly' && list && (typeof track === 'string' ? track : track.kind) === 'video') {
      const [one] = list;
      list.splice(0, list.length, { ...one, rid: 'f', scaleResolutionDownBy: 1 },
        { ...one, rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
        { ...one, rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 });
    }
    return add.call(this, track, init);
  };
}

/**
 * What the page receives of the other's camera.
 * @param {Page} page
 */
const picture = (page) => page.evaluate(async () => {
  const room = /** @type {any} */ (window).switchyard.room;
  /** @type {any[]} */
  const all = [...(await room.pc.getStats()).values()];
  const r = all.find((s) => s.type === 'inbound-rtp' && s.kind === 'video' && s.framesDecoded > 0);
  return {
    width: r?.frameWidth ?? 0, decoded: r?.framesDecoded ?? 0, dropped: r?.framesDropped ?? 0, received: r?.framesReceived ?? 0,
    freezes: r?.freezeCount ?? 0, frozen: r?.totalFreezesDuration ?? 0, plis: r?.pliCount ?? 0, lost: r?.packetsLost ?? 0,
    nacks: r?.nackCount ?? 0,
  };
});

test('a picture whose size changes all the time never stands still', { timeout: 400_000 }, async (t) => {
  const studio = await browser.newContext({ viewport: small });
  await studio.addInitScript(simulcast);
  const ana = await join(studio, server.url, 'sizes', 'Ana');
  const bo = await join(await browser.newContext({ viewport: small }), server.url, 'sizes', 'Bo');
  await seesAndHears(bo, 'Ana');
  /** @param {number} width */
  const ask = (width) => bo.evaluate((w) => {
    const room = /** @type {any} */ (window).switchyard.room;
    const p = room.publications.find((/** @type {any} */ q) => q.kind === 'video' && q.member !== room.self.id);
    room.subscribe([[p.id, { w, h: w * 9 / 16 }]]);
  }, width);
  await ask(1280);
  await until('the largest picture comes', async () => (await picture(bo)).width === 1280, 30_000);
  const before = await picture(bo);
  let seed = 7;
  let last = 1280;
  for (let i = 0; i < switches; i++) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    const next = widths.filter((w) => w !== last)[(seed >> 16) % 2];
    await ask(next);
    await until(`switch ${i}: from ${last} to ${next}`, async () => (await picture(bo)).width === next, 20_000);
    last = next;
  }
  const end = await picture(bo);
  t.diagnostic(JSON.stringify({ before, end }));
  assert.equal(end.plis - before.plis, 0, 'the decoder asked for no key frame');
  assert.equal(end.lost, 0);
  // Freezes are told, not judged: they come by themselves where processors are few.
  assert.ok(end.decoded - before.decoded > switches, `${end.decoded - before.decoded} frames`);
  await Promise.all([ana.close(), bo.close()]);
});

test('no page complained', () => {
  assert.deepEqual(errorsOfPages(), []);
});
