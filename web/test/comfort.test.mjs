// @ts-check
// For eyes that want less or need more: nothing moves for who asked for that, and
// everything is there at 200 %.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { drawnScreen } from './drawn.mjs';
import { cleanUp, errorsOfPages, fakeConsent, ghost, join, open, out, small, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Locator, Page} from 'playwright-core' */

let url = '';
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  ({ url } = await startServer());
  browser = await startBrowser(['--use-fake-device-for-media-stream=fps=5', ...fakeConsent]);
}, { timeout: 120_000 });
after(cleanUp);

/** @param {Page} page @param {string} name */
const control = (page, name) => page.getByRole('toolbar').getByRole('button', { name, exact: true });

/** @param {Page} page @param {string} item of the menu "More" */
async function more(page, item) {
  await control(page, 'More').click();
  await page.getByRole('menu').getByText(item, { exact: true }).click();
}

/** Notes in the page what moves for more than a hundredth of a second. */
function watchMotion() {
  const moved = new Set();
  Object.assign(window, { moved });
  const look = () => {
    for (const a of document.getAnimations()) {
      const effect = /** @type {KeyframeEffect|null} */ (a.effect);
      if (Number(effect?.getComputedTiming().activeDuration ?? 0) > 10) {
        const { transitionProperty = '', animationName = '' } = /** @type {any} */ (a);
        moved.add(`${transitionProperty}${animationName} of ${effect?.target?.className}`);
      }
    }
    requestAnimationFrame(look);
  };
  look();
}

/**
 * What moves while people come and go, and much is pressed.
 * @param {Page} page @param {string} room @param {string} said in the chat
 * @returns {Promise<string[]>}
 */
async function motion(page, room, said) {
  await page.evaluate(watchMotion);
  const socket = await ghost(url, room, 'Bo');
  await tile(page, 'Bo').hover();
  await tile(page, 'Bo').getByRole('button', { name: 'Pin Bo' }).click();
  await control(page, 'Microphone').click();
  await control(page, 'Camera').hover();
  await page.keyboard.press('l');
  await control(page, 'Chat').click();
  await page.getByRole('textbox', { name: 'Message' }).fill(said);
  await page.keyboard.press('Enter');
  await page.getByRole('log').getByText(`You: ${said}`).waitFor();
  await page.keyboard.press('Escape');
  await control(page, 'React').click();
  await page.getByRole('menuitem', { name: 'Applause' }).click();
  await tile(page, 'Ana').getByText('👏').waitFor({ state: 'attached' });
  await more(page, 'Settings');
  await page.getByRole('dialog').getByRole('tab', { name: 'Video' }).click();
  await page.keyboard.press('Escape');
  socket.disconnect();
  await tile(page, 'Bo').waitFor({ state: 'detached' });
  await tile(page, 'Ana').getByText('👏').waitFor({ state: 'detached' });
  return page.evaluate(() => [.../** @type {any} */ (window).moved]);
}

test('who asks for less motion sees none', { timeout: 90_000 }, async () => {
  const context = await browser.newContext({ viewport: small });
  const ana = await join(context, url, 'motion', 'Ana');
  const moved = (await motion(ana, 'motion', 'this moves')).join();
  for (const kind of [/transform of tile/, /opacity of tile-actions/, /background-color of control/, /rise of reaction/]) {
    assert.match(moved, kind, 'without that wish it does move');
  }
  await ana.emulateMedia({ reducedMotion: 'reduce' });
  await ana.evaluate(() => /** @type {any} */ (window).moved.clear());
  assert.deepEqual(await motion(ana, 'motion', 'this does not'), []);
  await control(ana, 'Leave').click();
  await ana.getByRole('button', { name: 'Rejoin' }).hover();
  await ana.getByRole('link', { name: 'Home' }).click();
  await ana.evaluate(watchMotion);
  await ana.getByRole('button', { name: 'New meeting' }).hover();
  await ana.getByRole('button', { name: 'New meeting' }).click();
  await ana.getByRole('button', { name: 'Join now' }).waitFor();
  await ana.evaluate(watchMotion);
  await ana.getByRole('button', { name: 'Camera' }).click();
  await ana.getByRole('button', { name: 'Join now' }).hover();
  assert.deepEqual(await ana.evaluate(() => [.../** @type {any} */ (window).moved]), []);
  await context.close();
});

/** 1280 by 720 at 200 %. */
const large = { viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 };

/** @param {Page} page @param {string} what */
async function fits(page, what) {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}: no sideways scrolling`);
  await page.screenshot({ path: `${out}zoom-${what}.png`, animations: 'disabled' });
}

/**
 * Each could be pressed: it is on the screen, or comes there by scrolling, and
 * nothing is over it.
 * @param {...Locator} list
 */
async function reachable(...list) {
  for (const l of list) {
    await l.click({ trial: true, timeout: 5000 });
  }
}

test('at 200 % one comes in', { timeout: 60_000 }, async () => {
  const context = await browser.newContext(large);
  const page = await open(context, url);
  await fits(page, 'home');
  await reachable(page.getByRole('button', { name: 'New meeting' }), page.getByRole('button', { name: 'Join', exact: true }));
  await page.goto(`${url}/?room=zoom&name=Ana`);
  await until('the preview plays', () => page.getByLabel('Your camera').evaluate((/** @type {HTMLVideoElement} */ v) => v.videoWidth > 0));
  await fits(page, 'lobby');
  await reachable(
    page.getByRole('button', { name: 'Microphone' }), page.getByRole('button', { name: 'Camera' }), page.getByRole('textbox', { name: 'Your name' }),
    ...['Microphone', 'Camera', 'Speaker'].map((name) => page.getByRole('combobox', { name })), page.getByRole('button', { name: 'Join now' }));
  await context.close();
});

test('at 200 % every control of a call can be reached', { timeout: 120_000 }, async () => {
  const context = await browser.newContext(large);
  const page = await join(context, url, 'zoom', 'Ana');
  const others = await Promise.all(['Bo', 'Cy'].map((name) => ghost(url, 'zoom', name)));
  await tile(page, 'Cy').waitFor();
  await fits(page, 'room');
  const buttons = page.getByRole('toolbar').getByRole('button');
  const names = await buttons.evaluateAll((list) => list.map((b) => b.getAttribute('aria-label') ?? ''));
  await reachable(...await buttons.all(), page.getByRole('button', { name: 'Copy link' }));
  await control(page, 'More').click();
  const items = page.getByRole('menu').locator('[role^="menuitem"]');
  await items.first().waitFor();
  await fits(page, 'more');
  await reachable(...await items.all());
  const all = [...names, ...(await items.allTextContents())];
  for (const name of ['Microphone', 'Camera', 'Share screen', 'Raise hand', 'Chat', 'People', 'Layout', 'Full screen', 'Settings',
    'Keyboard shortcuts', 'Connection stats', 'Polls', 'Captions', 'Leave']) {
    assert.ok(all.includes(name), `${name} is in ${all}`);
  }
  await page.keyboard.press('Escape');

  await control(page, 'Chat').click();
  await fits(page, 'chat');
  await reachable(...['Attach a file', 'Send', 'Close chat'].map((name) => page.getByRole('button', { name })), page.getByRole('textbox', { name: 'Message' }));
  await page.keyboard.press('Escape');
  await control(page, 'People').click();
  await fits(page, 'people');
  await reachable(...['Invite', 'Meeting', 'Actions for Bo', 'Actions for Cy'].map((name) => page.getByRole('button', { name, exact: true })));
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await fits(page, 'invite');
  await reachable(...await dialog.getByRole('button').all(), ...await dialog.getByRole('combobox').all());
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Close People' }).click();
  for (const name of ['Settings', 'Layout', 'Polls', 'Keyboard shortcuts', 'Connection stats']) {
    await more(page, name);
    await dialog.waitFor();
    await fits(page, name.toLowerCase().replace(' ', '-'));
    await reachable(...await dialog.getByRole('button').all(), ...await dialog.getByRole('tab').all(), ...await dialog.getByRole('combobox').all(),
      ...await dialog.getByRole('checkbox').all(), ...await dialog.getByRole('textbox').all());
    await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }
  const screen = await join(await browser.newContext({ viewport: small }), url, 'zoom', 'Di');
  await screen.evaluate(drawnScreen);
  await control(screen, 'Share screen').click();
  await until('the screen is there', () => tile(page, 'Di’s screen').locator('video.is-shown').isVisible(), 20_000);
  await fits(page, 'screen');
  await reachable(...await buttons.all());
  others.forEach((s) => s.disconnect());
  await Promise.all([context.close(), screen.context().close()]);
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
