// @ts-check
// Pages ask for pictures in the sizes that they show, and encode only what
// anybody wants.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { receivedOf, seesAndHears } from './measure.mjs';
import { cleanUp, errorsOfPages, join, small, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Page, WebSocketRoute} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

test('pictures are asked for in the sizes in which they are shown', async () => {
  const context = await browser.newContext({ viewport: small, deviceScaleFactor: 2 });
  /** What the page has asked for. @type {any[]} */
  const asked = [];
  await context.routeWebSocket(/socket\.io/, (page) => {
    const far = page.connectToServer();
    page.onMessage((m) => {
      const found = /^42\d*\["subscribe",(.*)\]$/.exec(String(m));
      if (found) {
        asked.push(JSON.parse(found[1]).publications);
      }
      far.send(m);
    });
  });
  const [bo, ana] = [await join(browser, server.url, 'sizes', 'Bo'), await join(context, server.url, 'sizes', 'Ana')];
  const size = async () => {
    const box = await tile(ana, 'Bo').boundingBox();
    return [Math.round((box?.width ?? 0) * 2), Math.round((box?.height ?? 0) * 2)];
  };
  const agrees = async () => {
    const [w, h] = await size();
    const last = asked.at(-1)?.[0];
    return Math.abs(last?.w - w) <= 2 && Math.abs(last?.h - h) <= 2;
  };
  await seesAndHears(ana, 'Bo');
  await until('the size is that of the tile', agrees);
  const before = asked.length;
  const [width] = await size();
  for (const width of [760, 720, 680, 640, 600, 560, 520, 480, 440, 400]) {
    await ana.setViewportSize({ width, height: 500 });
  }
  await until('a smaller one is asked for', async () => asked.length > before && (await agrees()));
  assert.ok((await size())[0] < width);
  assert.ok(asked.length - before <= 5, `${asked.length - before} requests for ten steps`);
  const settled = asked.length;
  await tile(ana, 'Bo').getByRole('button', { name: 'Receive Bo' }).click();
  await until('nothing is asked for', () => asked.length > settled && asked.at(-1)[0].on === false);
  assert.equal(asked.at(-1)[0].w, undefined);
  await Promise.all([context.close(), bo.close()]);
});

/** Frames that a page has encoded of its camera so far, and the bitrate that it aims at, in all sizes together. @param {Page} page */
const sent = (page) => page.evaluate(async () => {
  const { room } = /** @type {any} */ (window).switchyard;
  const { transceiver } = room.locals.find((/** @type {any} */ l) => l.source === 'camera');
  const all = [...(await transceiver.sender.getStats()).values()].filter((s) => s.type === 'outbound-rtp');
  const sum = (/** @type {string} */ of) => all.reduce((n, s) => n + (s[of] ?? 0), 0);
  return { frames: sum('framesEncoded'), bitrate: sum('targetBitrate') };
});

/** Waits until a page encodes nothing. @param {Page} page */
const isStill = (page) => until('nothing is encoded', async () => {
  const { frames } = await sent(page);
  await new Promise((done) => setTimeout(done, 500));
  return (await sent(page)).frames === frames;
});

test('nothing is encoded that nobody wants, and all at once when somebody does', { timeout: 90_000 }, async () => {
  const context = await browser.newContext({ viewport: small });
  /** @type {WebSocketRoute[]} */
  const sockets = [];
  await context.routeWebSocket(/socket\.io/, (page) => {
    const far = page.connectToServer();
    far.onMessage((m) => String(m).startsWith('42["layers"') || page.send(m)); // the test says it
    sockets.push(page);
  });
  const [bo, ana] = [await join(browser, server.url, 'demand', 'Bo'), await join(context, server.url, 'demand', 'Ana')];
  await seesAndHears(bo, 'Ana');
  const publication = await ana.evaluate(() =>
    /** @type {any} */ (window).switchyard.room.locals.find((/** @type {any} */ l) => l.source === 'camera').id);
  const want = (/** @type {object} */ e) => sockets.at(-1)?.send(`42${JSON.stringify(['layers', { publication, ...e }])}`);

  want({ active: [] });
  await isStill(ana);
  const sound = await receivedOf(bo, 'Ana', 'microphone');
  await until('she is still heard', async () => (await receivedOf(bo, 'Ana', 'microphone')).bytes > sound.bytes + 1000);

  // Neither another track nor another way brings it back.
  await ana.evaluate(async () => {
    const { room } = /** @type {any} */ (window).switchyard;
    const { track } = room.locals.find((/** @type {any} */ l) => l.source === 'camera');
    await room.replace('camera', null);
    await room.replace('camera', track);
  });
  await isStill(ana);
  const offers = () => ana.evaluate(() => /** @type {any} */ (window).switchyard.room.offers);
  sockets.at(-1)?.send(`42${JSON.stringify(['need', { restart: true }])}`);
  await until('ICE is restarted', async () => (await offers()) === 2);
  await isStill(ana);

  const frames = (await sent(ana)).frames;
  const seen = (await receivedOf(bo, 'Ana', 'camera')).frames;
  const began = Date.now();
  want({ active: ['f'], max_bps: 200_000 });
  await until('it is encoded again', async () => (await sent(ana)).frames > frames);
  const took = Date.now() - began;
  assert.ok(took <= 1000, `started after ${took} ms`);
  await until('Bo sees it', async () => (await receivedOf(bo, 'Ana', 'camera')).frames > seen + 5);
  await until('it keeps to the limit', async () => {
    const { bitrate } = await sent(ana);
    return bitrate > 0 && bitrate <= 200_000;
  });
  want({ active: ['f'] });
  await until('it has its own limit again', async () => (await sent(ana)).bitrate > 300_000, 20_000);
  await Promise.all([context.close(), bo.close()]);
});

/** Encodings of its camera of which a page sends something within half a second. @param {Page} page @returns {Promise<string>} */
const encoded = (page) => page.evaluate(async () => {
  const { room } = /** @type {any} */ (window).switchyard;
  const { sender } = room.locals.find((/** @type {any} */ l) => l.source === 'camera').transceiver;
  const frames = async () => new Map([...(await sender.getStats()).values()]
    .filter((s) => s.type === 'outbound-rtp').map((s) => [s.rid, s.framesEncoded]));
  const before = await frames();
  await new Promise((done) => setTimeout(done, 500));
  return [...(await frames())].filter(([rid, n]) => n > (before.get(rid) ?? 0)).map(([rid]) => rid).sort().join('');
});

/** The size of a member's picture as it arrives. @param {Page} page @param {string} name */
const width = (page, name) => tile(page, name).locator('video').evaluate((/** @type {HTMLVideoElement} */ v) => v.videoWidth);

test('what a page shows is what another encodes', { timeout: 120_000 }, async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 });
  const [ana, bo] = [await join(browser, server.url, 'both', 'Ana'), await join(context, server.url, 'both', 'Bo')];
  await seesAndHears(bo, 'Ana');
  await until('Bo sees the large picture', async () => (await width(bo, 'Ana')) === 1280, 30_000);
  await bo.setViewportSize({ width: 320, height: 568 });
  await until('Bo sees a small picture', async () => (await width(bo, 'Ana')) <= 640, 20_000);
  await until('the large one is not encoded', async () => !(await encoded(ana)).includes('f'), 20_000);

  const button = tile(bo, 'Ana').getByRole('button', { name: 'Receive Ana' });
  await button.click();
  await until('nothing is encoded', async () => (await encoded(ana)) === '', 20_000);
  const { frames } = await sent(ana);
  const began = Date.now();
  await button.click();
  await until('it is encoded again', async () => (await sent(ana)).frames > frames);
  const took = Date.now() - began;
  assert.ok(took <= 1500, `started ${took} ms after the click`);
  await seesAndHears(bo, 'Ana');
  await Promise.all([ana.close(), context.close()]);
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
