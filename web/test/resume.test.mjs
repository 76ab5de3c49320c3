// @ts-check
// Pages whose socket, network or document goes, and who stay who they are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { identity, isState, receivedOf, seesAndHears, watch } from './measure.mjs';
import { startProxy } from './proxy.mjs';
import { cleanUp, errorsOfPages, join, startBrowser, startServer, tile, until } from './support.mjs';
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

const cutFor = Number(process.env.SWITCHYARD_CUT ?? 8000);

test(`a socket that is gone for ${cutFor / 1000} s costs nothing`, { timeout: cutFor + 60_000 }, async () => {
  const proxy = await startProxy(server.url);
  const [ana, bo] = await Promise.all([join(browser, proxy.url, 'socket', 'Ana'), join(browser, server.url, 'socket', 'Bo')]);
  await Promise.all([seesAndHears(ana, 'Bo'), seesAndHears(bo, 'Ana')]);
  const before = await identity(ana);
  await ana.evaluate(() => {
    const { room } = /** @type {any} */ (window).switchyard;
    room.on('state', (/** @type {string} */ s) => s === 'joined' && Object.assign(window, { back: Date.now() }));
  });
  const watched = [watch(ana, 'Bo'), watch(bo, 'Ana')];
  proxy.cut();
  await isState(ana, 'reconnecting');
  await ana.getByRole('status').getByText('Reconnecting…').waitFor();
  await until('Bo is told', () => bo.evaluate(() =>
    /** @type {any} */ (window).switchyard.room.members.some((/** @type {any} */ m) => m.state === 'reconnecting')));
  await new Promise((done) => setTimeout(done, cutFor));
  proxy.mend();
  await isState(ana, 'joined');
  const back = await ana.evaluate(() => /** @type {any} */ (window).back);
  const took = back - proxy.accepted();
  assert.ok(took <= 300, `resumed ${took} ms after the socket was there`);
  await until('Bo is told', () => bo.evaluate(() =>
    /** @type {any} */ (window).switchyard.room.members.every((/** @type {any} */ m) => m.state === 'live')));
  const stood = await Promise.all(watched.map((stop) => stop()));
  assert.deepEqual(await identity(ana), before);
  assert.ok(Math.max(...stood) < 1000, `pictures stood still for ${stood.join(' and ')} ms`);
  await Promise.all([seesAndHears(ana, 'Bo'), seesAndHears(bo, 'Ana')]);
  await Promise.all([ana.close(), bo.close()]);
});

/** The port from which media is sent. @param {Page} page @returns {Promise<number>} */
const port = (page) => page.evaluate(async () => {
  const { room } = /** @type {any} */ (window).switchyard;
  const stats = await room.pc.getStats();
  /** @type {any[]} */
  const all = [...stats.values()];
  const pair = stats.get(all.find((s) => s.type === 'transport').selectedCandidatePairId);
  return stats.get(pair.localCandidateId).port;
});

test('a new network is found by the same connection', async () => {
  const [ana, bo] = await Promise.all(['Ana', 'Bo'].map((name) => join(browser, server.url, 'network', name)));
  await Promise.all([seesAndHears(ana, 'Bo'), seesAndHears(bo, 'Ana')]);
  const [who, old] = [await identity(ana), await port(ana)];
  const watched = [watch(ana, 'Bo'), watch(bo, 'Ana')];
  await ana.evaluate(() => window.dispatchEvent(new Event('online')));
  await until('media comes from another port', async () => (await port(ana)) !== old);
  const sound = await receivedOf(bo, 'Ana', 'microphone');
  await until('Ana is heard', async () => (await receivedOf(bo, 'Ana', 'microphone')).bytes > sound.bytes + 1000);
  const stood = await Promise.all(watched.map((stop) => stop()));
  assert.deepEqual(await identity(ana), { ...who, offers: 2 });
  assert.ok(Math.max(...stood) < 1500, `pictures stood still for ${stood.join(' and ')} ms`);
  await Promise.all([ana.close(), bo.close()]);
});

test('a reload comes back as the same member, and never twice', async () => {
  const [ana, bo] = await Promise.all(['Ana', 'Bo'].map((name) => join(browser, server.url, 'reload', name)));
  await seesAndHears(bo, 'Ana');
  const id = (await identity(ana)).self;
  await bo.evaluate(() => {
    const { room } = /** @type {any} */ (window).switchyard;
    const seen = Object.assign(window, { most: room.members.length });
    room.on('roster', () => (seen.most = Math.max(seen.most, room.members.length)));
  });
  await ana.reload();
  await ana.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await Promise.all([seesAndHears(ana, 'Bo'), seesAndHears(bo, 'Ana')]);
  assert.equal((await identity(ana)).self, id);
  assert.equal(await tile(bo, 'Ana').getAttribute('data-member'), id);
  assert.equal(await bo.evaluate(() => /** @type {any} */ (window).most), 2);
  await ana.close();

  const second = await join(browser, server.url, 'reload', 'Ana');
  await second.goto(second.url()); // no reload: somebody new
  await second.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  assert.notEqual((await identity(second)).self, id);
  await Promise.all([second.close(), bo.close()]);
});

test('two tabs are two members', async () => {
  const context = await browser.newContext();
  const one = await join(context, server.url, 'tabs', 'Ana');
  const two = await join(context, server.url, 'tabs', 'Ana');
  const [a, b] = [await identity(one), await identity(two)];
  assert.notEqual(a.self, b.self);
  await context.close();
});

test('no page has reported an error but that the socket was gone', () => {
  assert.deepEqual(errorsOfPages(/^WebSocket connection to .* failed|net::ERR_(CONNECTION_RESET|CONNECTION_REFUSED|SOCKET_NOT_CONNECTED) /), []);
});
