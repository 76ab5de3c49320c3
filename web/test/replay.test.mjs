// @ts-check
// A picture that comes back is there at once: from the newest key frame, which
// the server still has, with what followed. It is played fast and is not late.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cleanUp, errorsOfPages, join, small, startBrowser, startServer, until } from './support.mjs';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

/** Joins without devices. */
async function watcher() {
  const context = await browser.newContext({ viewport: small });
  await context.addInitScript(() => {
    MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));
  });
  return join(context, server.url, 'replay', 'Bo');
}

/**
 * Runs in the page, so that nothing but the page takes time: stops Ana's camera,
 * lets it come back by a new key frame, and again while the server has that one.
 */
async function comeBack() {
  const room = /** @type {any} */ (window).switchyard.room;
  const subscribe = room.subscribe.bind(room);
  room.subscribe = () => {}; // the layout keeps its hands off
  const camera = room.publications.find((/** @type {any} */ p) => p.source === 'camera');
  const watch = (/** @type {boolean} */ on) => subscribe([[camera.id, on]]);
  const sleep = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
  const read = async () => {
    /** @type {any[]} */
    const all = [...(await room.pc.getStats()).values()].filter((s) => s.type === 'inbound-rtp');
    const most = (/** @type {string} */ kind) => all.filter((s) => s.kind === kind).sort((a, b) => b.packetsReceived - a.packetsReceived)[0];
    const [v, a] = [most('video'), most('audio')];
    return {
      at: performance.now(), frames: v.framesDecoded, plis: v.pliCount, freezes: v.freezeCount,
      keys: v.keyFramesDecoded, delay: v.jitterBufferDelay, emitted: v.jitterBufferEmittedCount,
      audio: a.jitterBufferTargetDelay, samples: a.jitterBufferEmittedCount,
    };
  };
  const rounds = [];
  for (let i = 0; i < 4; i++) {
    watch(false);
    await sleep(2500);
    const keys = (await read()).keys;
    watch(true);
    while ((await read()).keys === keys) {
      await sleep(20);
    }
    await sleep(300);
    watch(false);
    await sleep(100);
    const gone = await read();
    watch(true);
    let back = await read();
    while (back.frames === gone.frames) {
      await sleep(10);
      back = await read();
    }
    await sleep(1000);
    const settled = await read();
    await sleep(2000);
    const end = await read();
    rounds.push({
      took: back.at - gone.at, plis: end.plis - gone.plis, keys: end.keys - gone.keys, freezes: end.freezes - back.freezes,
      delay: 1000 * (end.delay - settled.delay) / (end.emitted - settled.emitted),
      audio: 1000 * (end.audio - settled.audio) / (end.samples - settled.samples), // what video waits for, too
    });
  }
  return rounds;
}

test('a picture that comes back soon after a key frame is there at once and in time', async () => {
  await join(browser, server.url, 'replay', 'Ana');
  const bo = await watcher();
  await until('Bo sees Ana', () => bo.evaluate(() => [...document.querySelectorAll('video')].some((v) => v.videoWidth > 0)), 30_000);
  const rounds = await bo.evaluate(comeBack);
  const text = JSON.stringify(rounds);
  for (const r of rounds) {
    assert.equal(r.plis, 0, text);
    assert.ok(r.keys >= 1, text);
    assert.ok(r.delay < r.audio + 200, `pictures wait long after they came back: ${text}`);
  }
  const took = rounds.map((r) => r.took).sort((a, b) => a - b);
  assert.ok(took[1] < 300, text);
  assert.ok(rounds.filter((r) => r.freezes === 0).length >= 2, text);
});

test('no page has reported an error', () => {
  assert.deepEqual(errorsOfPages(), []);
});
