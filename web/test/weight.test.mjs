// @ts-check
// What the page weighs on its way to a real browser, and how soon it can be used.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cleanUp, errorsOfPages, open, startBrowser, startServer } from './support.mjs';
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

/** What may be fetched for a screen: bytes as sent, and how many files. */
const budget = { bytes: 80_000, requests: 12 };

/** @type {[string, string, (p: Page) => import('playwright-core').Locator][]} */
const screens = [
  ['home', '/', (p) => p.getByRole('button', { name: 'New meeting' })],
  ['the lobby', '/?room=weight', (p) => p.getByRole('button', { name: 'Join now' })],
  ['a room', '/?room=weight&name=Ana&join', (p) => p.getByRole('button', { name: 'Leave' })],
];

for (const [name, path, ready] of screens) {
  test(`${name} is light, and there within a second`, async (t) => {
    /** @type {number[]} */
    const times = [];
    for (let i = 0; i < 3; i++) { // the first one warms the browser and the server
      const page = await open(browser, server.url + path);
      await ready(page).waitFor();
      await ready(page).click({ trial: true }); // it can be pressed
      times.push(await page.evaluate(() => performance.now()));
      if (i === 2) {
        const { bytes, list, links } = await page.evaluate(() => {
          const all = /** @type {PerformanceResourceTiming[]} */ ([
            ...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource'),
          ].filter((e) => !e.name.includes('/socket.io/') && !e.name.endsWith('/visitor')));
          return {
            bytes: all.reduce((n, e) => n + e.encodedBodySize, 0),
            list: all.map((e) => new URL(e.name).pathname).filter((p) => p.endsWith('.js')).sort(),
            links: [...document.querySelectorAll('link[rel=modulepreload]')].map((l) => l.getAttribute('href')),
          };
        });
        t.diagnostic(`${bytes} bytes in ${list.length} modules, usable after ${times.map(Math.round)} ms`);
        assert.ok(bytes > 10_000 && bytes <= budget.bytes, `${bytes} bytes`);
        assert.ok(list.length <= budget.requests, `${list.length} modules`);
        assert.deepEqual(list, ['/page/main.js', ...links].sort(), 'the head of the page names every module that is needed, each is fetched once');
      }
      await page.close();
    }
    assert.ok(Math.min(...times) < 1000, `usable after ${times} ms`);
  });
}
