// @ts-check
// Pages and servers that go away, and come back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seesAndHears } from './measure.mjs';
import { cleanUp, errorsOfPages, join, startBrowser, startMortalBrowser, startServer, tile, until } from './support.mjs';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

/** @param {import('playwright-core').Page} page */
const people = (page) => page.getByRole('list', { name: 'Participants' }).getByRole('listitem').count();

test('a killed page vanishes within 5 s', async () => {
  const [mortal, ana] = await Promise.all([startMortalBrowser(), join(browser, server.url, 'killed', 'Ana')]);
  await join(mortal.browser, server.url, 'killed', 'Bo');
  await seesAndHears(ana, 'Bo');
  const began = Date.now();
  await mortal.server.kill();
  await tile(ana, 'Bo').waitFor({ state: 'detached', timeout: 6000 });
  const took = Date.now() - began;
  assert.ok(took <= 5500, `took ${took} ms`);
  await ana.close();
});

test('a server that comes back finds everybody in the room again', async () => {
  const first = await startServer();
  const [ana, bo] = await Promise.all(['Ana', 'Bo'].map((name) => join(browser, first.url, 'again', name)));
  await seesAndHears(ana, 'Bo');
  await first.stop('SIGKILL');
  for (const page of [ana, bo]) {
    await page.getByRole('status').getByText('Reconnecting…').waitFor();
  }
  await startServer(new URL(first.url).host);
  const began = Date.now();
  await Promise.all([[ana, 'Bo'], [bo, 'Ana']].map(async ([p, other]) => {
    const page = /** @type {typeof ana} */ (p);
    await until('joined', () => page.evaluate(() => /** @type {any} */ (window).switchyard.room.state === 'joined'));
    await seesAndHears(page, String(other));
  }));
  const took = Date.now() - began;
  assert.ok(took < 8000, `back after ${took} ms`);
  assert.equal(await people(ana), 2);
  assert.equal(await people(bo), 2);
});

test('no page has reported an error but that the server was gone', () => {
  assert.deepEqual(errorsOfPages(/^WebSocket connection to .* failed|net::ERR_(CONNECTION_RESET|CONNECTION_REFUSED|SOCKET_NOT_CONNECTED) /), []);
});
