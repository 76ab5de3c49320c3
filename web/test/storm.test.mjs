// @ts-check
// Three pages whose network cuts, stalls, delays and doubles what carries their
// events, and lets some WebSockets not through. Media goes another way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { identity, isState, seesAndHears, watch } from './measure.mjs';
import { startProxy } from './proxy.mjs';
import { cleanUp, errorsOfPages, join, startBrowser, startServer, until } from './support.mjs';
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

/** How long the storm lasts, in milliseconds. */
const lasts = Number(process.env.SWITCHYARD_STORM ?? 60_000);
const names = ['Ana', 'Bo', 'Cy'];

/**
 * Says a line twice a second, each until the server has it.
 * @param {Page} page
 * @param {string} name
 * @returns {() => Promise<string[]>} ends it, with what the server has acknowledged, in its order
 */
function chatter(page, name) {
  const handle = page.evaluateHandle((name) => {
    const { room } = /** @type {any} */ (window).switchyard;
    const said = { stop: false, ids: /** @type {string[]} */ ([]), done: Promise.resolve() };
    const next = () => new Promise((done) => setTimeout(done, 500));
    said.done = (async () => {
      /** @type {any} */
      let line = null;
      // The last one too: the server may have it, and only the answer was lost.
      for (let i = 0; !said.stop || !line; await next()) {
        line = await room.send(`${name} ${i}`).catch(() => null);
        if (line) {
          said.ids.push(line.id);
          i++;
        }
      }
    })();
    return said;
  }, name);
  return async () => (await handle).evaluate(async (said) => {
    said.stop = true;
    await said.done;
    return said.ids;
  });
}

/** @param {Page} page @returns {Promise<{id: string, text: string}[]>} what it shows of the chat */
const shown = (page) => page.evaluate(() =>
  /** @type {any} */ (window).switchyard.room.chat.lines.map((/** @type {any} */ l) => ({ id: l.id, text: l.text })));

test(`${lasts / 1000} s of storm stop no picture, lose no line and leave no ghost`, { timeout: lasts + 120_000 }, async () => {
  const proxy = await startProxy(server.url);
  const pages = await Promise.all(names.map((name) => join(browser, proxy.url, 'storm', name)));
  const pairs = pages.flatMap((page, i) => names.filter((n) => n !== names[i]).map((n) => /** @type {const} */ ([page, n])));
  await Promise.all(pairs.map(([page, name]) => seesAndHears(page, name)));
  const before = await Promise.all(pages.map(identity));
  const watched = pairs.map(([page, name]) => watch(page, name));
  const spoken = pages.map((page, i) => chatter(page, names[i]));

  proxy.storm(true);
  for (const end = Date.now() + lasts; Date.now() < end; ) {
    proxy.cut();
    await new Promise((done) => setTimeout(done, Math.random() * 1000));
    proxy.block(Math.random() < 0.5 ? 'stall' : 'refuse', 50);
    proxy.mend();
    await new Promise((done) => setTimeout(done, Math.random() * 6000));
  }
  proxy.storm(false);
  proxy.block();

  await Promise.all(pages.map((page) => isState(page, 'joined')));
  const stood = await Promise.all(watched.map((stop) => stop()));
  const acked = await Promise.all(spoken.map((stop) => stop()));
  console.log(`# pictures stood still for at most ${Math.max(...stood)} ms; ${acked.map((a) => a.length).join(', ')} lines`);
  assert.ok(Math.max(...stood) < 1000, `pictures stood still for ${stood.join(', ')} ms`);
  await until('everybody is live for everybody', async () => (await Promise.all(pages.map((page) => page.evaluate(() =>
    /** @type {any} */ (window).switchyard.room.members.map((/** @type {any} */ m) => m.state).join())))).every((s) => s === 'live,live,live'));
  assert.deepEqual(await Promise.all(pages.map(identity)), before);
  for (const [i, page] of pages.entries()) {
    await until('every line is there', async () => {
      const ids = new Set((await shown(page)).map((l) => l.id));
      return acked.flat().every((id) => ids.has(id));
    });
    for (const [k, name] of names.entries()) {
      const lines = (await shown(page)).filter((l) => l.text.startsWith(name));
      assert.deepEqual(lines.map((l) => l.id), acked[k], `what ${names[i]} has of ${name}, once and in order`);
    }
  }
  await Promise.all(pages.map((page) => page.close()));
});

// 400 is what a request is answered whose connection is over.
test('no page has reported an error but those of the network', () => {
  assert.deepEqual(errorsOfPages(/^WebSocket connection to .* failed|net::ERR_|status of 400/), []);
});
