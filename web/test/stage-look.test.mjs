// @ts-check
// How the stage looks, full of people or not. The pictures in out/ are for
// people to look at; what the test holds is that everything is on the stage.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startCrowd } from './crowd.mjs';
import { drawnScreen } from './drawn.mjs';
import { violations } from './measure.mjs';
import { cleanUp, errorsOfPages, join, out, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 760 };
const lying = { width: 760, height: 390 };

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Page} */
let page;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  page = await join(await browser.newContext({ viewport: desktop, colorScheme: 'dark' }), server.url, 'look', 'Ana');
});
after(cleanUp);

/** @param {string} name @param {'light'|'dark'} scheme @param {{width: number, height: number}} size */
async function look(name, scheme, size) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize(size);
  await until(`${name}: all tiles are on the stage`, () => page.evaluate(() => {
    const stage = /** @type {Element} */ (document.querySelector('.stage')).getBoundingClientRect();
    return [...document.querySelectorAll('.tile')].every((t) => {
      const r = t.getBoundingClientRect();
      return r.left >= stage.left - 1 && r.right <= stage.right + 1 && r.top >= stage.top - 1 && r.bottom <= stage.bottom + 1;
    });
  }));
  await until(`${name}: all pictures are there`, () => page.evaluate(() =>
    [...document.querySelectorAll('.tile')].every((t) => t.querySelector('.is-shown'))), 20_000);
  await page.screenshot({ path: `${out}stage-${name}-${scheme}.png`, animations: 'disabled' });
}

test('a stage of 1 to 30', { timeout: 180_000 }, async () => {
  await look('1', 'dark', desktop);
  for (const [n, more] of [[2, 1], [3, 1], [5, 2], [9, 4], [25, 16], [30, 5]]) {
    await startCrowd(browser, server.url, 'look', more);
    const list = page.getByRole('list', { name: 'Participants' }).getByRole('listitem');
    await page.setViewportSize(desktop);
    await until(`${n} are there`, async () => (await list.count()) === Math.min(n, 25), 20_000);
    await look(`${n}`, 'dark', desktop);
    if ([3, 9, 30].includes(n)) {
      await look(`${n}`, 'light', desktop);
      await look(`${n}-phone`, 'dark', phone);
      await look(`${n}-lying`, 'dark', lying);
      assert.deepEqual(await violations(page), [], `${n} on a phone`);
    }
  }
});

test('layouts, with a screen and without', { timeout: 120_000 }, async () => {
  for (const name of ['Speaker', 'Sidebar']) {
    await page.setViewportSize(desktop);
    await page.getByRole('toolbar').getByRole('button', { name: 'More' }).click();
    await page.getByRole('menu').getByText('Layout', { exact: true }).click();
    await page.getByRole('dialog').getByRole('radio', { name, exact: true }).check();
    if (name === 'Speaker') {
      await look('dialog', 'light', desktop);
      assert.deepEqual(await violations(page), [], 'the dialog');
    }
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await look(name, 'dark', desktop);
    await look(`${name}-phone`, 'dark', phone);
  }
  await page.setViewportSize(desktop);
  const bo = await join(browser, server.url, 'look', 'Bo');
  await bo.evaluate(drawnScreen);
  await bo.getByRole('button', { name: 'Share screen' }).click();
  for (let i = 0; i < 2; i++) { // Presentation, Automatic
    await page.keyboard.press('l');
  }
  await until('the screen is there', () => tile(page, 'Bo’s screen').locator('video.is-shown').isVisible(), 20_000);
  await look('screen', 'dark', desktop);
  await look('screen', 'light', desktop);
  await look('screen-phone', 'dark', phone);
  await page.setViewportSize(desktop);
  await tile(page, 'Bo’s screen').hover();
  await tile(page, 'Bo’s screen').getByRole('button', { name: 'Options for Bo’s screen' }).click();
  await page.getByRole('menu').waitFor();
  await page.screenshot({ path: `${out}stage-screen-menu-dark.png`, animations: 'disabled' });
  await page.context().close();
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
