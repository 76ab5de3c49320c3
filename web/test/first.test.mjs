// @ts-check
// How soon something is seen: by who comes late, in a storm of joins, after the
// publisher had stopped, and in a slot that follows the speaker.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { publisher, viewer } from './stage.mjs';
import { cleanUp, errorsOfPages, startBrowser, startServer, until } from './support.mjs';
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

/** @param {string} codec @param {string} mode */
const single = (codec, mode) => ({ codec, width: 640, encodings: [{ scalabilityMode: mode, maxBitrate: 600_000 }] });

/**
 * Shows the first camera, or nothing any more; tells when the server had agreed.
 * @param {Page} page @param {boolean} on @param {number} [slot]
 * @returns {Promise<number>}
 */
const show = (page, on, slot = 0) => page.evaluate(async ([on, slot]) => {
  const p = /** @type {any} */ (globalThis);
  const places = p.room.slots.filter((/** @type {any} */ s) => s.kind === 'video');
  const { id } = p.room.publications.find((/** @type {any} */ q) => q.kind === 'video');
  p.seen.length = 0;
  const ack = await p.ask({ publications: [{ id, on, ...(on && { mid: places[slot].transceiver.mid }) }] });
  if (!ack.ok || ack.refused) {
    throw new Error(JSON.stringify(ack));
  }
  return performance.timeOrigin + performance.now();
}, /** @type {const} */ ([on, slot]));

/** When the first picture since {@link show} was decoded. @param {Page} page @returns {Promise<number>} */
async function first(page) {
  await page.waitForFunction(() => /** @type {any} */ (globalThis).seen.length > 0, undefined, { polling: 20, timeout: 20_000 });
  return page.evaluate(() => /** @type {any} */ (globalThis).seen[0].at);
}

/** Sums of all streams of a page. @param {Page} page @param {'inbound-rtp'|'outbound-rtp'} type @param {string} of @returns {Promise<number>} */
const count = (page, type, of) => page.evaluate(async ([type, of]) => {
  const stats = [...(await /** @type {any} */ (globalThis).room.pc.getStats()).values()];
  return stats.filter((s) => s.type === type && s.kind === 'video').reduce((n, s) => n + (s[of] ?? 0), 0);
}, /** @type {const} */ ([type, of]));

const known = (/** @type {Page} */ page) => page.waitForFunction(() => /** @type {any} */ (globalThis).room.publications.length > 0);

for (const [codec, mode] of [['VP8', 'L1T3'], ['H264', 'L1T1'], ['VP9', 'L2T2_KEY'], ['AV1', 'L1T3']]) {
  test(`who comes late sees ${codec} at once, without another key frame`, { timeout: 60_000 }, async (t) => {
    const room = `late-${codec}`;
    const ana = await publisher(browser, server.url, room, single(codec, mode));
    const [bo, cy] = [await viewer(browser, server.url, room, 'Bo'), await viewer(browser, server.url, room, 'Cy')];
    await Promise.all([known(bo), known(cy)]);
    /** @type {number[]} */
    const took = [];
    let fresh = 0;
    for (let slot = 0; slot < 4; slot++) {
      // After more than a second without, Bo needs a key frame; Cy comes behind it.
      await show(bo, false);
      await new Promise((done) => setTimeout(done, 1200));
      await show(bo, true);
      await first(bo);
      const before = await count(ana, 'outbound-rtp', 'keyFramesEncoded');
      const asked = await show(cy, true, slot);
      took.push(Math.round((await first(cy)) - asked));
      fresh += (await count(ana, 'outbound-rtp', 'keyFramesEncoded')) - before;
      await show(cy, false);
    }
    const plis = await count(cy, 'inbound-rtp', 'pliCount');
    t.diagnostic(`${took} ms, ${fresh} key frames, ${plis} requests`);
    const typical = took.toSorted((a, b) => a - b)[2];
    assert.ok(typical < 300, `${took} ms`);
    assert.ok(fresh <= 1, `${fresh} key frames for four who came late`);
    await Promise.all([ana.close(), bo.close(), cy.close()]);
  });
}

test('a storm of joins costs a key frame a second', { timeout: 60_000 }, async (t) => {
  const ana = await publisher(browser, server.url, 'storm', single('VP8', 'L1T3'));
  const bo = await viewer(browser, server.url, 'storm');
  await known(bo);
  await show(bo, true);
  await first(bo);
  const [before, began] = [await count(ana, 'outbound-rtp', 'keyFramesEncoded'), Date.now()];
  for (let i = 0; i < 100; i++) {
    await show(bo, false);
    await show(bo, true, i % 6);
  }
  const seconds = (Date.now() - began) / 1000;
  const cost = (await count(ana, 'outbound-rtp', 'keyFramesEncoded')) - before;
  t.diagnostic(`${cost} key frames in ${seconds} s`);
  assert.ok(cost <= 2 + seconds, `${cost} key frames in ${seconds} s`);
  await first(bo);
  await Promise.all([ana.close(), bo.close()]);
});

test('a camera that nobody watched starts again within a second', { timeout: 60_000 }, async (t) => {
  const ana = await publisher(browser, server.url, 'again', single('VP9', 'L1T3'));
  const bo = await viewer(browser, server.url, 'again');
  await known(bo);
  /** @type {number[]} */
  const took = [];
  for (let i = 0; i < 3; i++) {
    await show(bo, true, i);
    await first(bo);
    await show(bo, false);
    await until('nothing is encoded', async () => {
      const before = await count(ana, 'outbound-rtp', 'framesEncoded');
      await new Promise((done) => setTimeout(done, 500));
      return (await count(ana, 'outbound-rtp', 'framesEncoded')) === before;
    });
    const asked = await show(bo, true, i);
    took.push(Math.round((await first(bo)) - asked));
  }
  t.diagnostic(`${took} ms`);
  assert.ok(Math.min(...took) < 1000, `seen after ${took} ms`);
  await Promise.all([ana.close(), bo.close()]);
});

test('a slot follows who speaks', { timeout: 90_000 }, async (t) => {
  const small = { codec: 'VP8', width: 640, encodings: [{ scaleResolutionDownBy: 2, maxBitrate: 300_000 }] };
  const [ana, bo] = [
    await publisher(browser, server.url, 'speak', { ...small, name: 'Ana', voice: true }),
    await publisher(browser, server.url, 'speak', { ...single('VP9', 'L1T3'), name: 'Bo', voice: true }),
  ];
  const cy = await viewer(browser, server.url, 'speak');
  await until('all are known', () => cy.evaluate(() => /** @type {any} */ (globalThis).room.publications.length === 4));
  await cy.evaluate(() => {
    const p = /** @type {any} */ (globalThis);
    const { mid } = p.room.slots.find((/** @type {any} */ s) => s.kind === 'video').transceiver;
    return p.ask({ rules: [{ mid, show: 'speaker' }] });
  });
  const speak = (/** @type {Page} */ page, /** @type {boolean} */ on) => page.evaluate((on) => /** @type {any} */ (globalThis).speak(on), on);
  /** @type {number[]} */
  const took = [];
  for (const [one, other, width] of /** @type {const} */ ([[ana, bo, 320], [bo, ana, 640], [ana, bo, 320], [bo, ana, 640]])) {
    await speak(other, false);
    await speak(one, true);
    const began = Date.now();
    await until(`${width} pixels are seen`, () => cy.evaluate((w) => /** @type {any} */ (globalThis).seen.at(-1)?.width === w, width), 15_000);
    took.push(Date.now() - began);
    await new Promise((done) => setTimeout(done, 1000));
  }
  t.diagnostic(`after ${took} ms`);
  assert.ok(Math.max(...took) < 6000, `after ${took} ms`);
  await Promise.all([ana.close(), bo.close(), cy.close()]);
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
