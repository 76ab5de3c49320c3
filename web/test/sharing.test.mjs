// @ts-check
// What several people share at once, and the pictures that float above other windows.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { drawnScreen, sounding } from './drawn.mjs';
import { receivedOf, seesAndHears } from './measure.mjs';
import { cleanUp, errorsOfPages, fakeConsent, join, small, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {BrowserContext, Page} from 'playwright-core' */

let url = '';
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  ({ url } = await startServer());
  browser = await startBrowser(['--use-fake-device-for-media-stream=fps=10', ...fakeConsent]);
}, { timeout: 120_000 });
after(cleanUp);

/** @param {Page} page @param {string} name */
const control = (page, name) => page.getByRole('toolbar').getByRole('button', { name, exact: true });

/** A visitor whose devices are off. @returns {Promise<BrowserContext>} */
async function quiet() {
  const context = await browser.newContext({ viewport: small });
  await context.addInitScript(() => localStorage.setItem('switchyard.devices', '{"micOn":false,"camOn":false}'));
  return context;
}

/** How loud what somebody shares is played. @param {Page} page @param {string} name @returns {Promise<number|undefined>} */
const loudness = (page, name) => page.evaluate((name) => {
  const { room } = /** @type {any} */ (window).switchyard;
  const { id } = room.members.find((/** @type {any} */ m) => m.name === name);
  const p = room.publications.find((/** @type {any} */ q) => q.member === id && q.source === 'screen_audio');
  const slot = room.slots.find((/** @type {any} */ s) => p && s.publication === p.id);
  return [...document.querySelectorAll('audio')].find((a) => a.srcObject === slot?.stream)?.volume;
}, name);

test('two share at once, each picture plays, each sound has a volume of its own', { timeout: 180_000 }, async () => {
  const watching = await quiet();
  const ana = await join(watching, url, 'two', 'Ana');
  /** @type {Page[]} */
  const others = [];
  for (const [name, tone] of /** @type {const} */ ([['Bo', 300], ['Cy', 600]])) {
    const page = await join(await quiet(), url, 'two', name);
    await page.evaluate(drawnScreen);
    await page.evaluate(sounding, tone);
    await control(page, 'Share screen').click();
    others.push(page);
  }
  const slider = (/** @type {string} */ name) => tile(ana, `${name}’s screen`).getByRole('slider', { name: `Volume of ${name}’s screen` });
  for (const name of ['Bo', 'Cy']) {
    await until(`${name}’s screen goes on`, async () => (await receivedOf(ana, name, 'screen')).frames > 10, 20_000);
    await tile(ana, `${name}’s screen`).locator('video.is-shown').waitFor();
    const { energy } = await receivedOf(ana, name, 'screen_audio');
    await until(`${name}’s sound is heard`, async () => (await receivedOf(ana, name, 'screen_audio')).energy > energy);
    await slider(name).waitFor();
    assert.equal(await loudness(ana, name), 1);
  }
  await slider('Bo').fill('30');
  await until('Bo is that loud', async () => (await loudness(ana, 'Bo')) === 0.3);
  assert.equal(await loudness(ana, 'Cy'), 1, 'and Cy as before');
  await slider('Cy').focus();
  for (let i = 0; i < 4; i++) {
    await ana.keyboard.press('ArrowLeft');
  }
  await until('Cy is less loud', async () => (await loudness(ana, 'Cy')) === 0.8);
  assert.equal(await loudness(ana, 'Bo'), 0.3);
  await tile(ana, 'Bo’s screen').hover();
  await tile(ana, 'Bo’s screen').getByRole('button', { name: 'Pin Bo’s screen' }).click();
  assert.deepEqual([await slider('Bo').inputValue(), await slider('Cy').inputValue()], ['30', '80'], 'wherever they stand');
  await control(others[0], 'Share screen').click();
  await tile(ana, 'Bo’s screen').waitFor({ state: 'detached' });
  assert.equal(await loudness(ana, 'Cy'), 0.8);
  const { energy } = await receivedOf(ana, 'Cy', 'screen_audio');
  await until('Cy is heard still', async () => (await receivedOf(ana, 'Cy', 'screen_audio')).energy > energy);
  await control(others[0], 'Share screen').click();
  await tile(ana, 'Bo’s screen').waitFor();
  await until('a sound that is new is as loud as it comes', async () => (await loudness(ana, 'Bo')) === 1);
  assert.equal(await slider('Bo').inputValue(), '100');
  await Promise.all([watching, ...others.map((p) => p.context())].map((c) => c.close()));
});

/** Asks for the floating picture. @param {Page} page */
async function float(page) {
  await control(page, 'More').click();
  await page.getByRole('menu').getByText('Picture in picture', { exact: true }).click();
}

test('the document’s picture in picture plays, follows who speaks, and goes with the call', { timeout: 90_000 }, async () => {
  const context = await quiet();
  const ana = await join(context, url, 'float', 'Ana');
  const bo = await join(browser, url, 'float', 'Bo');
  await seesAndHears(ana, 'Bo');
  assert.ok(await ana.evaluate(() => 'documentPictureInPicture' in window), 'Chromium has it');
  const [pip] = await Promise.all([context.waitForEvent('page'), float(ana)]);
  await pip.getByText('Bo', { exact: true }).waitFor();
  const frames = () => pip.locator('video').evaluate((/** @type {HTMLVideoElement} */ v) => v.getVideoPlaybackQuality().totalVideoFrames);
  const before = await frames();
  await until('it plays', async () => (await frames()) > before + 5);
  await until('it has its style', () => pip.locator('video').evaluate((v) => getComputedStyle(v).objectFit === 'cover'));
  await control(bo, 'Microphone').click(); // its beeps would keep the floor
  await tile(ana, 'Bo').hover();
  const cy = await join(browser, url, 'float', 'Cy');
  await until('it shows who speaks now', async () => (await pip.getByText('Cy', { exact: true }).count()) === 1, 20_000);
  await Promise.all([pip.waitForEvent('close'), control(ana, 'Leave').click()]);
  await Promise.all([context.close(), bo.close(), cy.close()]);
});

test('where only videos can float, one does', { timeout: 90_000 }, async () => {
  const context = await quiet();
  await context.addInitScript(() => delete (/** @type {any} */ (window).documentPictureInPicture));
  const ana = await join(context, url, 'video', 'Ana');
  assert.ok(await ana.evaluate(() => document.pictureInPictureEnabled && !('documentPictureInPicture' in window)));
  await float(ana);
  await ana.getByRole('alert').getByText('Nobody has a camera on.').waitFor();
  const bo = await join(browser, url, 'video', 'Bo');
  await seesAndHears(ana, 'Bo');
  await float(ana);
  const floats = () => ana.evaluate(() => {
    const video = /** @type {HTMLVideoElement|null} */ (document.pictureInPictureElement);
    return video && !video.paused && video.videoWidth > 0 ? video.getVideoPlaybackQuality().totalVideoFrames : -1;
  });
  await until('a video floats', async () => (await floats()) > 0);
  const before = await floats();
  await until('it plays', async () => (await floats()) > before + 5);
  await control(ana, 'Leave').click();
  await until('it goes with the call', () => ana.evaluate(() => document.pictureInPictureElement === null));
  await Promise.all([context.close(), bo.close()]);
});

test('where nothing can float it is not offered', async () => {
  const context = await quiet();
  await context.addInitScript(() => {
    delete (/** @type {any} */ (window).documentPictureInPicture);
    Object.defineProperty(document, 'pictureInPictureEnabled', { value: undefined });
  });
  const ana = await join(context, url, 'none', 'Ana');
  await control(ana, 'More').click();
  await ana.getByRole('menu').getByText('Settings', { exact: true }).waitFor();
  assert.equal(await ana.getByRole('menu').getByText('Picture in picture').count(), 0);
  await context.close();
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
