// @ts-check
// The example of the client library: a page that is not ours, in two tabs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cleanUp, errorsOfPages, open, startBrowser, startExample, until } from './support.mjs';

/** @type {Awaited<ReturnType<typeof startExample>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startExample('client');
  browser = await startBrowser();
});
after(cleanUp);

test('two who publish see and hear each other', { timeout: 60_000 }, async () => {
  const [ana, bo] = await Promise.all(['Ana', 'Bo'].map((name) => open(browser, `${server.url}/?room=example&name=${name}`)));
  for (const page of [ana, bo]) {
    await page.getByRole('status').getByText('joined').waitFor();
    await page.getByRole('button', { name: 'Publish camera and microphone' }).click();
  }
  for (const [page, other] of /** @type {const} */ ([[ana, 'Bo'], [bo, 'Ana']])) {
    const frames = () => page.locator(`video[title=${other}]`).evaluateAll((/** @type {HTMLVideoElement[]} */ list) =>
      Math.max(0, ...list.map((v) => v.getVideoPlaybackQuality().totalVideoFrames)));
    await until(`${other} is seen`, async () => (await frames()) > 0);
    const before = await frames();
    await until('the picture goes on', async () => (await frames()) > before + 10);
    await until(`${other} is heard`, () => page.locator(`audio[title=${other}]`).evaluateAll((/** @type {HTMLAudioElement[]} */ list) =>
      list.some((a) => !a.paused && a.currentTime > 0.5)));
  }
  await bo.close();
  await until('who left is not shown', async () => (await ana.locator('video[title=Bo]').count()) === 0);
  assert.equal(await ana.locator('video:not([hidden])').count(), 0);
  await ana.close();
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(/status of 404/), [], 'but that it has no icon'));
