// @ts-check
// Networks that let HTTP through and no WebSocket.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { carrier, identity, isState, seesAndHears } from './measure.mjs';
import { startProxy } from './proxy.mjs';
import { cleanUp, errorsOfPages, join, startBrowser, startServer, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */
/** @import {Block} from './proxy.mjs' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Page} somebody whose network blocks nothing */
let bo;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  bo = await join(browser, server.url, 'blocked', 'Bo');
});
after(cleanUp);

/** @param {Page} page @param {'polling'|'websocket'} name */
const isCarriedBy = (page, name) => until(`is carried by ${name}`, async () => (await carrier(page)) === name);

/** Sends a line each way. @param {Page} ana @param {string} word */
const talk = async (ana, word) => {
  for (const [from, to] of [[ana, bo], [bo, ana]]) {
    const { id } = await from.evaluate((text) => /** @type {any} */ (window).switchyard.room.send(text), word);
    await until('the line is there', () => to.evaluate((id) =>
      /** @type {any} */ (window).switchyard.room.chat.lines.some((/** @type {any} */ l) => l.id === id), id));
  }
};

/** Leaves no member behind whom the next test would see. @param {Page} page */
const leave = async (page) => {
  await page.evaluate(() => /** @type {any} */ (window).switchyard.room?.leave()).catch(() => {});
  await page.close();
};

/** Those who are told that there is no WebSocket, and those who hear nothing. @type {Block[]} */
const told = ['refuse', 'strip', 'drop'];
/** @type {Block[]} */
const silent = ['stall', 'swallow', 'close'];
/** How long a join may take from the first try on, in milliseconds. Silence is borne for 4 s. */
const limit = (/** @type {Block} */ block) => (silent.includes(block) ? 7500 : 3500);

/**
 * Cuts all connections for a moment, and waits until the page is back.
 * @param {Page} page
 * @param {Awaited<ReturnType<typeof startProxy>>} proxy
 * @returns {Promise<number>} how long that took, in milliseconds
 */
async function cut(page, proxy) {
  proxy.cut();
  await isState(page, 'reconnecting');
  proxy.mend();
  const mended = Date.now();
  await isState(page, 'joined');
  return Date.now() - mended;
}

for (const block of [...told, ...silent]) {
  test(`a meeting goes by polling where WebSockets are blocked by ${block}`, { timeout: 90_000 }, async (t) => {
    const proxy = await startProxy(server.url);
    proxy.block(block);
    const ana = await join(browser, proxy.url, 'blocked', 'Ana');
    t.after(() => leave(ana));
    const took = Date.now() - proxy.hindered();
    assert.ok(took <= limit(block), `joined ${took} ms after the first try`);
    await isCarriedBy(ana, 'polling');
    await Promise.all([seesAndHears(ana, 'Bo'), seesAndHears(bo, 'Ana'), talk(ana, block)]);

    const before = await identity(ana);
    const away = await cut(ana, proxy);
    assert.ok(away <= 3500, `back after ${away} ms, because it knows what works`);
    assert.deepEqual(await identity(ana), before);
    await isCarriedBy(ana, 'polling');

    const reloaded = Date.now();
    await ana.reload();
    await ana.getByRole('toolbar', { name: 'Call controls' }).waitFor();
    const again = Date.now() - reloaded;
    assert.ok(again <= 3500, `loaded and joined within ${again} ms, because the tab knows, too`);
    assert.equal((await identity(ana)).self, before.self);

    proxy.block();
    await cut(ana, proxy);
    await isCarriedBy(ana, 'websocket');
    await Promise.all([seesAndHears(ana, 'Bo'), talk(ana, `${block} no more`)]);
  });
}

for (const block of /** @type {Block[]} */ (['refuse', 'stall'])) {
  test(`a meeting comes back by polling where WebSockets are blocked by ${block} later`, { timeout: 90_000 }, async (t) => {
    const proxy = await startProxy(server.url);
    const ana = await join(browser, proxy.url, 'blocked', 'Ana');
    t.after(() => leave(ana));
    assert.equal(await carrier(ana), 'websocket');
    await seesAndHears(ana, 'Bo');
    const before = await identity(ana);
    proxy.block(block);
    const away = await cut(ana, proxy);
    assert.ok(away <= limit(block), `back after ${away} ms`);
    assert.equal(await carrier(ana), 'polling');
    assert.deepEqual(await identity(ana), before);
    await talk(ana, `${block} later`);
  });
}

/** @param {string} error of a page @returns {string} the connection that it is about */
const connectionOf = (error) => /[?&]sid=([\w-]+)/.exec(error)?.[1] ?? '';

test('no page has reported an error but that the socket was gone', () => {
  const errors = errorsOfPages(/^WebSocket connection to .* failed/);
  const lost = errors.filter((e) => e.includes('net::ERR_'));
  // A client that polls says goodbye where a request was cut off. The server has
  // heard of the cut by then, and does not know the connection any more.
  const cut = new Set(lost.map(connectionOf).filter(Boolean));
  const goodbye = (/** @type {string} */ e) => /status of 400 .*transport=polling/.test(e) && cut.has(connectionOf(e));
  assert.deepEqual(errors.filter((e) => !lost.includes(e) && !goodbye(e)), []);
});
