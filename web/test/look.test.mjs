// @ts-check
// How the screens look, in light and dark, and whom they keep out. The
// pictures in out/ are for people to look at.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { drawnScreen } from './drawn.mjs';
import { violations } from './measure.mjs';
import { cleanUp, errorsOfPages, ghost, join, open, out, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').BrowserContext} */
let context;

const wide = { width: 1280, height: 800 };
const narrow = { width: 320, height: 568 };

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  context = await browser.newContext({ viewport: wide });
});
after(cleanUp);

/** @param {Page} page @param {string} name */
async function look(page, name) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${out}${name}-${colorScheme}.png`, animations: 'disabled' });
    assert.deepEqual(await violations(page), [], `${name} in ${colorScheme}`);
  }
}

/** @param {Page} page @param {string} name */
async function lookNarrow(page, name) {
  await page.setViewportSize(narrow);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: no sideways scrolling`);
  await look(page, name);
  await page.setViewportSize(wide);
}

test('home', async () => {
  const page = await open(context, server.url);
  await look(page, 'home');
  await lookNarrow(page, 'home-narrow');
  await page.close();
});

test('lobby', async () => {
  const page = await open(context, `${server.url}/?room=blue-fox-42&name=Ana`);
  await until('the preview plays', () => page.getByLabel('Your camera').evaluate((/** @type {HTMLVideoElement} */ v) => v.videoWidth > 0));
  await look(page, 'lobby');
  await lookNarrow(page, 'lobby-narrow');
  await page.close();
});

test('room, alone and together, chat, narrow, left', async () => {
  const page = await join(context, server.url, 'look', 'Ana');
  await page.getByText('Nobody else is here yet.').waitFor();
  await look(page, 'room-alone');
  await lookNarrow(page, 'room-alone-narrow');
  const others = await Promise.all(['Bo', 'Cy'].map((name) => join(browser, server.url, 'look', name)));
  await until('all pictures are there', () => page.evaluate(() =>
    [...document.querySelectorAll('video')].filter((v) => v.videoWidth > 0).length === 3));
  await others[0].getByRole('button', { name: 'Chat', exact: true }).click();
  await others[0].getByRole('textbox', { name: 'Message' }).fill('Hi Ana!');
  await others[0].keyboard.press('Enter');
  await page.locator('[data-unread="1"]').waitFor();
  await look(page, 'room');
  await page.getByRole('button', { name: 'Chat', exact: true }).click();
  await page.getByRole('textbox', { name: 'Message' }).fill('Hello everyone');
  await page.keyboard.press('Enter');
  await page.getByRole('log').getByText('You: Hello everyone').waitFor();
  await look(page, 'chat');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 360, height: 740 });
  await look(page, 'phone');
  await page.setViewportSize(wide);
  await others[1].evaluate(drawnScreen);
  await others[1].getByRole('button', { name: 'Share screen' }).click();
  await until('the screen is there', () => tile(page, 'Cy’s screen').locator('video.is-shown').isVisible());
  await look(page, 'screen');
  await lookNarrow(page, 'screen-narrow');
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('button', { name: 'Rejoin' }).waitFor();
  await look(page, 'left');
  await lookNarrow(page, 'left-narrow');
  await Promise.all([page, ...others].map((p) => p.close()));
});

test('a crowd of 25, with names of all kinds, and a message as long as allowed', async () => {
  const names = [
    'Anastasia Konstantinopolskaya-Rimskaya von Hohenzollern', 'ليلى حداد', 'שָׁלוֹם', '<b>bold</b> & "quoted"', '李雷',
    '👩‍🚀 Mission control', 'x'.repeat(64), ...Array.from({ length: 17 }, (_, i) => `Guest ${i + 1}`),
  ];
  const page = await join(context, server.url, 'crowd', 'Ana');
  const sockets = [];
  for (const name of names) {
    sockets.push(await ghost(server.url, 'crowd', name));
  }
  const list = page.getByRole('list', { name: 'Participants' }).getByRole('listitem');
  await until('25 tiles are there', async () => (await list.count()) === 25);
  for (const name of names) {
    await tile(page, name).waitFor();
  }
  const inside = () => page.evaluate(() => {
    const stage = /** @type {Element} */ (document.querySelector('.stage')).getBoundingClientRect();
    return [...document.querySelectorAll('.tile')].every((t) => {
      const r = t.getBoundingClientRect();
      return r.left >= stage.left - 1 && r.right <= stage.right + 1 && r.top >= stage.top - 1 && r.bottom <= stage.bottom + 1;
    });
  });
  assert.ok(await inside(), 'all tiles are on the stage');
  await look(page, 'crowd');
  await lookNarrow(page, 'crowd-narrow');
  await page.getByRole('button', { name: 'Chat', exact: true }).click();
  for (const [i, text] of ['Hello!', `${'word '.repeat(780)}${'x'.repeat(100)}`, 'مرحبا بالجميع', 'https://example.org/'.repeat(8)].entries()) {
    await sockets[i].emitWithAck('new_message', { cid: `c${i}`, text });
  }
  await page.getByRole('log').getByText('https://example.org/').waitFor();
  await look(page, 'chat-long');
  await lookNarrow(page, 'chat-narrow');
  await page.close();
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
