// @ts-check
// One page among 48 members who send real pictures and come and go every
// second: its main thread stays free, and its memory flat. And three pages among
// them see the same. How long it is watched: FULL_SECONDS, 40 if missing; the
// figures of the documents are of 180.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startCrowd } from './crowd.mjs';
import { cleanUp, errorsOfPages, join, small, startBrowser, startServer, until } from './support.mjs';
import { summarize, trace } from './trace.mjs';
/** @import {CDPSession, Page} from 'playwright-core' */

const members = 48;
const seconds = Number(process.env.FULL_SECONDS ?? 40);

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

/** @param {Page} page */
const tiles = (page) => page.getByRole('list', { name: 'Participants' }).getByRole('listitem');

/** Pictures on the page that move. @param {Page} page */
const moving = (page) => page.evaluate(async () => {
  const videos = /** @type {HTMLVideoElement[]} */ ([...document.querySelectorAll('.tile:not([data-self]) video')]);
  const frames = () => videos.map((v) => v.getVideoPlaybackQuality().totalVideoFrames);
  const before = frames();
  await new Promise((done) => setTimeout(done, 1500));
  return frames().filter((n, i) => n > before[i]).length;
});

/** Bytes of the heap that are in use, after everything useless was thrown away. @param {CDPSession} cdp */
async function heap(cdp) {
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = (/** @type {string} */ name) => metrics.find((m) => m.name === name)?.value ?? 0;
  return { bytes: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
}

test(`one page among ${members} who come and go, for ${seconds} s`, { timeout: (seconds + 120) * 1000 }, async () => {
  const stop = await startCrowd(browser, server.url, 'full', members, '1s');
  const page = await join(await browser.newContext({ viewport: { width: 1280, height: 800 } }), server.url, 'full', 'Ana');
  await until('25 tiles are shown', async () => (await tiles(page).count()) === 25);
  await until('and their pictures move', async () => (await moving(page)) >= 23, 30_000);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const before = await heap(cdp);
  const end = await trace(browser, page);
  await new Promise((done) => setTimeout(done, seconds * 500));
  const half = await heap(cdp); // within the trace: a collection is no task of ours
  await new Promise((done) => setTimeout(done, seconds * 500));
  const s = summarize(await end());
  const after = await heap(cdp);
  console.log(`# ${JSON.stringify(s)}`);
  console.log(`# heap ${[before, half, after].map((h) => `${Math.round(h.bytes / 1000)} kB ${h.nodes} nodes ${h.listeners} listeners`).join(' → ')}`);
  assert.ok(s.frames > seconds / 2, `${s.frames} frames had work of ours`);
  assert.ok(s.longest <= 50, `a task of ours took ${s.longest} ms`);
  assert.ok(s.p95 <= 8, `layout and script of a frame took ${s.p95} ms at the 95th percentile`);
  assert.ok(after.bytes - before.bytes < 1_500_000, `the heap grew by ${after.bytes - before.bytes} bytes`);
  assert.ok(after.nodes - before.nodes < 400, `there are ${after.nodes - before.nodes} nodes more`);
  await until('the pictures still move', async () => (await moving(page)) >= 22, 20_000);
  await page.context().close();
  await stop();
});

test('three pages among them show the same people', { timeout: 120_000 }, async () => {
  const stop = await startCrowd(browser, server.url, 'three', 20);
  /** @type {Page[]} */
  const pages = [];
  for (const name of ['Ana', 'Bo', 'Cy']) {
    pages.push(await join(await browser.newContext({ viewport: small }), server.url, 'three', name));
  }
  const names = async (/** @type {Page} */ page) =>
    (await tiles(page).evaluateAll((list) => list.map((e) => e.getAttribute('aria-label')))).sort().join();
  await until('all show 23 members', async () => (await Promise.all(pages.map((p) => tiles(p).count()))).every((n) => n === 23), 30_000);
  const lists = await Promise.all(pages.map(names));
  assert.ok(lists.every((l) => l === lists[0] && l.includes('Member 20') && l.includes('Cy')), lists.join('\n'));
  for (const page of pages) {
    await until('22 pictures move', async () => (await moving(page)) >= 22, 40_000);
  }
  await Promise.all(pages.map((p) => p.context().close()));
  await stop();
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
