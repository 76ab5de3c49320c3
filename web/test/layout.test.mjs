// @ts-check
// The stage: layouts, pages, pins, the spotlight, what a tile says, and windows
// of its own. One server; rooms keep the tests apart.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { drawnScreen, sounding } from './drawn.mjs';
import { receivedOf, seesAndHears } from './measure.mjs';
import { cleanUp, errorsOfPages, ghost, join, small, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {BrowserContext, Page} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

const desktop = { width: 1280, height: 800 };

/** @param {Page} page */
const tiles = (page) => page.getByRole('list', { name: 'Participants' }).getByRole('listitem');
/** @param {Page} page @returns {Promise<string[]>} names of the tiles in the order of reading */
const names = (page) => tiles(page).evaluateAll((list) => list.map((e) => e.getAttribute('aria-label') ?? ''));
/** The beeps of the pages' microphones would take the floor. @param {...Page} pages */
const hush = (...pages) => Promise.all(pages.map((p) => p.getByRole('toolbar').getByRole('button', { name: 'Microphone' }).click()));
/** Pages of a context come with devices turned off. @param {BrowserContext} context @param {object} off */
async function without(context, off) {
  await context.addInitScript((off) => localStorage.setItem('switchyard.devices', off), JSON.stringify(off));
  return context;
}
const voice = { micOn: false };
const both = { micOn: false, camOn: false };
/** @param {Page} page @param {string} name */
const area = async (page, name) => {
  const box = await tile(page, name).boundingBox();
  return (box?.width ?? 0) * (box?.height ?? 0);
};
/** How the stage is laid out now. @param {Page} page */
const layout = (page) => page.locator('[data-layout]').getAttribute('data-layout');

/** @param {Page} page @param {string} item of the menu "More" */
async function more(page, item) {
  await page.getByRole('toolbar').getByRole('button', { name: 'More' }).click();
  await page.getByRole('menu').getByText(item, { exact: true }).click();
}

/** @param {Page} page @param {string} name of a layout */
async function choose(page, name) {
  await more(page, 'Layout');
  const dialog = page.getByRole('dialog', { name: 'Layout' });
  await dialog.getByRole('radio', { name, exact: true }).check();
  await dialog.getByRole('button', { name: 'Close' }).click();
}

/** @param {Page} page @param {string} name of a tile @param {string} item of its menu */
async function option(page, name, item) {
  await tile(page, name).hover();
  await tile(page, name).getByRole('button', { name: `Options for ${name}` }).click();
  await page.getByRole('menu').getByText(item, { exact: true }).click();
}

/**
 * Keeps what a page asks for, and lets the test say something for the server.
 * @param {BrowserContext} context
 */
async function listen(context) {
  const heard = { asked: /** @type {any[]} */ ([]), say: (/** @type {string} */ _name, /** @type {object} */ _arg) => {} };
  await context.routeWebSocket(/socket\.io/, (page) => {
    const far = page.connectToServer();
    page.onMessage((m) => {
      const found = /^42\d*\["subscribe",(.*)\]$/.exec(String(m));
      heard.asked.push(...(found ? JSON.parse(found[1]).publications : []));
      far.send(m);
    });
    heard.say = (name, arg) => page.send(`42${JSON.stringify([name, arg])}`);
  });
  return heard;
}

test('layouts are chosen, remembered, and move no picture out of its place in the document', { timeout: 90_000 }, async () => {
  const context = await without(await browser.newContext({ viewport: desktop }), both);
  const bo = await join(browser, server.url, 'layouts', 'Bo');
  await ghost(server.url, 'layouts', 'Cy');
  const ana = await join(context, server.url, 'layouts', 'Ana');
  await seesAndHears(ana, 'Bo');
  await hush(bo);
  assert.equal(await layout(ana), 'grid');
  assert.ok(Math.abs((await area(ana, 'Bo')) - (await area(ana, 'Ana'))) < 10, 'all tiles are of one size');
  await ana.evaluate(() => {
    const kept = { videos: /** @type {HTMLVideoElement[]} */ ([...document.querySelectorAll('.tile video')]).filter((v) => v.srcObject), pauses: 0 };
    kept.videos.forEach((v) => v.addEventListener('pause', () => kept.pauses++));
    Object.assign(window, { kept });
  });
  for (const [name, want] of [['Speaker', 'speaker'], ['Sidebar', 'sidebar'], ['Presentation', 'presentation'], ['Grid', 'grid'], ['Automatic', 'grid']]) {
    await choose(ana, name);
    await until(`the layout is ${want}`, async () => (await layout(ana)) === want);
    if (want !== 'grid') {
      const [large, other] = await names(ana);
      assert.ok((await area(ana, large)) > 3 * (await area(ana, other)), `${want}: ${large} is large`);
    }
  }
  for (const want of ['grid', 'speaker', 'sidebar']) {
    await ana.keyboard.press('l');
    await until(`the layout is ${want}`, async () => (await layout(ana)) === want);
  }
  await ana.getByText('Layout: Sidebar').waitFor();
  await tile(ana, 'Cy').hover();
  const pin = tile(ana, 'Cy').getByRole('button', { name: 'Pin Cy', exact: true });
  await pin.click();
  await until('Cy is large', async () => (await area(ana, 'Cy')) > 3 * (await area(ana, 'Bo')));
  await until('the pin says so', async () => (await pin.getAttribute('aria-pressed')) === 'true');
  await pin.click();
  await until('the pin is out', async () => (await pin.getAttribute('aria-pressed')) === 'false');
  const kept = await ana.evaluate(() => {
    const { videos, pauses } = /** @type {any} */ (window).kept;
    return { same: videos.every((/** @type {Element} */ v) => v.isConnected), pauses, playing: videos.every((/** @type {HTMLVideoElement} */ v) => !v.paused) };
  });
  assert.deepEqual(kept, { same: true, pauses: 0, playing: true });
  await ana.reload();
  await until('the layout is remembered', async () => (await layout(ana)) === 'sidebar');
  await Promise.all([context.close(), bo.close()]);
});

test('one’s own tile and those without a picture can be hidden', async () => {
  const context = await browser.newContext({ viewport: desktop });
  const bo = await join(browser, server.url, 'hide', 'Bo');
  await ghost(server.url, 'hide', 'Ghost');
  const ana = await join(context, server.url, 'hide', 'Ana');
  await until('three tiles', async () => (await tiles(ana).count()) === 3);
  await more(ana, 'Layout');
  const dialog = ana.getByRole('dialog', { name: 'Layout' });
  await dialog.getByRole('checkbox', { name: 'Hide my own tile' }).check();
  await tile(ana, 'Ana').waitFor({ state: 'detached' });
  await dialog.getByRole('checkbox', { name: 'Hide who has no camera on' }).check();
  await tile(ana, 'Ghost').waitFor({ state: 'detached' });
  await tile(ana, 'Bo').waitFor();
  await bo.getByRole('toolbar').getByRole('button', { name: 'Camera' }).click();
  await ana.getByText('Nobody has a camera on.').waitFor();
  await dialog.getByRole('checkbox', { name: 'Hide who has no camera on' }).uncheck();
  await tile(ana, 'Ghost').waitFor();
  await Promise.all([context.close(), bo.close()]);
});

test('what does not fit is on further pages, and is asked for when its page is turned to', { timeout: 60_000 }, async () => {
  const context = await without(await browser.newContext({ viewport: desktop }), voice);
  const heard = await listen(context);
  const ana = await join(context, server.url, 'pages', 'Ana');
  for (let i = 1; i <= 28; i++) {
    await ghost(server.url, 'pages', `Guest ${i}`);
  }
  const bo = await join(await without(await browser.newContext({ viewport: small }), voice), server.url, 'pages', 'Bo');
  const pages = ana.getByRole('group', { name: 'Pages' });
  await pages.getByText('page 1/2').waitFor();
  assert.equal(await tiles(ana).count(), 25);
  assert.equal((await names(ana)).at(-1), 'Ana', 'one’s own tile is the last one of the first page');
  assert.equal(await tile(ana, 'Bo').count(), 0);
  assert.deepEqual(heard.asked, [], 'nothing is asked for that is not shown');
  await pages.getByRole('button', { name: 'Next page' }).click();
  await pages.getByText('page 2/2').waitFor();
  await until('he is seen', async () => (await receivedOf(ana, 'Bo', 'camera')).frames > 5, 20_000);
  const p = /** @type {any} */ (heard.asked.at(-1));
  assert.ok(p.on && p.w > 100, JSON.stringify(p));
  await ana.keyboard.press('PageUp'); // the focus is on the button still
  await pages.getByText('page 1/2').waitFor();
  await until('it is asked for no longer', () => heard.asked.at(-1).id === p.id && heard.asked.at(-1).on === false);
  await until('and not sent', async () => (await receivedOf(ana, 'Bo', 'camera')).bytes === 0);
  await until('nobody speaks', () => ana.evaluate(() => /** @type {any} */ (window).switchyard.room.speakers.size === 0));
  const before = await names(ana);
  heard.say('speakers', { list: [{ member: await ana.evaluate(() => /** @type {any} */ (window).switchyard.room.members.at(-1).id), db: -20 }] });
  await tile(ana, 'Bo').waitFor();
  const now = await names(ana);
  assert.equal(now.filter((n) => !before.includes(n)).join(), 'Bo', 'who speaks is brought onto the page');
  assert.equal(now.filter((n, i) => n !== before[i]).length, 1, 'and one tile changes for it');
  await ana.setViewportSize({ width: 390, height: 760 });
  await until('eight tiles on a phone', async () => (await tiles(ana).count()) === 8);
  await pages.getByText('page 1/4').waitFor();
  await Promise.all([context.close(), bo.close()]);
});

test('a tile says why it shows no picture', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ viewport: desktop });
  const heard = await listen(context);
  const bo = await join(browser, server.url, 'why', 'Bo');
  const ana = await join(context, server.url, 'why', 'Ana');
  const socket = await ghost(server.url, 'why', 'Ghost');
  await seesAndHears(ana, 'Bo');
  const why = (/** @type {string} */ name) => tile(ana, name).getByRole('button', { name: `Why? ${name}` });
  assert.equal(await why('Bo').count(), 0, 'a live picture needs no reason');
  await why('Ghost').click();
  await tile(ana, 'Ghost').getByText('Ghost has no camera on.').waitFor();
  assert.equal(await why('Ghost').getAttribute('aria-expanded'), 'true');
  await ana.keyboard.press('Escape');
  assert.equal(await why('Ghost').getAttribute('aria-expanded'), 'false');

  await tile(ana, 'Bo').hover();
  await tile(ana, 'Bo').getByRole('button', { name: 'Receive Bo' }).click();
  await why('Bo').click();
  await tile(ana, 'Bo').getByText('You chose not to receive it.').waitFor();
  await tile(ana, 'Bo').getByRole('button', { name: 'Receive Bo' }).click();
  await seesAndHears(ana, 'Bo');
  await tile(ana, 'Bo').getByText('You chose').waitFor({ state: 'detached' });

  const slot = await ana.evaluate(() => {
    const { room } = /** @type {any} */ (window).switchyard;
    const s = room.slots.find((/** @type {any} */ s) => s.kind === 'video' && s.publication);
    return { mid: s.transceiver.mid, publication: s.publication };
  });
  heard.say('slots', { slots: [{ ...slot, state: 'paused', why: 'bandwidth' }] });
  await why('Bo').click();
  await tile(ana, 'Bo').getByText('Your connection is too slow for it now.').waitFor();
  heard.say('slots', { slots: [{ ...slot, state: 'paused', why: 'sunspots' }] });
  await tile(ana, 'Bo').getByText('The server says: sunspots.').waitFor();
  heard.say('slots', { slots: [{ ...slot, state: 'live' }] });
  await why('Bo').waitFor({ state: 'hidden' });

  await bo.getByRole('toolbar').getByRole('button', { name: 'Camera' }).click();
  await why('Bo').click();
  await tile(ana, 'Bo').getByText('Bo has turned the picture off.').waitFor();
  await ana.getByRole('toolbar').getByRole('button', { name: 'Camera' }).click();
  await why('Ana').click();
  await tile(ana, 'Ana').getByText('Your camera is off.').waitFor();

  await socket.emitWithAck('hand', { up: true });
  await tile(ana, 'Ghost').getByRole('img', { name: 'Hand raised' }).waitFor();
  await socket.emitWithAck('hand', { up: false });
  await tile(ana, 'Ghost').getByRole('img', { name: 'Hand raised' }).waitFor({ state: 'hidden' });

  const member = await ana.evaluate(() => /** @type {any} */ (window).switchyard.room.members[0].id);
  for (const [q, name, cause, said] of /** @type {const} */ ([[1, 'poor', 'uplink_loss', 'What Bo sends gets lost'], [2, 'fair', 'delay', 'takes long'], [3, 'good', undefined, 'good']])) {
    heard.say('quality', { list: [{ member, q, why: cause }] });
    const badge = tile(ana, 'Bo').getByRole('img', { name: `Connection: ${name}` });
    await badge.waitFor();
    assert.match((await badge.getAttribute('title')) ?? '', new RegExp(said));
  }
  await Promise.all([context.close(), bo.close()]);
});

test('several share at once; what is looked at, how loud it is and how it is made are chosen', { timeout: 90_000 }, async () => {
  const context = await without(await browser.newContext({ viewport: desktop }), both);
  const others = await without(await browser.newContext({ viewport: small }), both);
  const [bo, cy] = [await join(others, server.url, 'share', 'Bo'), await join(others, server.url, 'share', 'Cy')];
  const ana = await join(context, server.url, 'share', 'Ana');
  await Promise.all([bo, cy].map((page) => page.evaluate(drawnScreen)));
  await bo.evaluate(sounding, 440);
  await bo.getByRole('button', { name: 'Share screen' }).click();
  await until('Bo’s screen is large', async () => (await area(ana, 'Bo’s screen')) > 5 * (await area(ana, 'Bo').catch(() => Infinity)));
  assert.equal(await layout(ana), 'presentation');
  await tile(ana, 'Bo').getByRole('img', { name: 'Sharing a screen' }).waitFor();
  await cy.getByRole('button', { name: 'Share screen' }).click();
  await until('Cy’s screen is large', async () => (await area(ana, 'Cy’s screen')) > 5 * (await area(ana, 'Bo’s screen')));
  await tile(ana, 'Bo’s screen').hover();
  await tile(ana, 'Bo’s screen').getByRole('button', { name: 'Pin Bo’s screen' }).click();
  await until('Bo’s screen is large again', async () => (await area(ana, 'Bo’s screen')) > 5 * (await area(ana, 'Cy’s screen')));

  await tile(ana, 'Bo’s screen').hover();
  await tile(ana, 'Bo’s screen').getByRole('slider', { name: 'Volume of Bo’s screen' }).fill('30');
  await until('it is that loud', () => ana.evaluate(() =>
    [...document.querySelectorAll('audio')].filter((a) => Math.abs(a.volume - 0.3) < 0.01).length === 1));
  await tile(ana, 'Bo’s screen').getByRole('button', { name: 'Hear Bo’s screen' }).click();
  await until('it is not heard', async () => (await receivedOf(ana, 'Bo', 'screen_audio')).bytes === 0);

  const hint = () => bo.evaluate(() => /** @type {any} */ (window).switchyard.room.locals.find((/** @type {any} */ l) => l.source === 'screen').track.contentHint);
  assert.equal(await hint(), 'detail');
  await option(bo, 'Your screen', 'Video: smooth');
  assert.equal(await hint(), 'motion');
  await option(bo, 'Your screen', 'Stop sharing');
  await tile(bo, 'Your screen').waitFor({ state: 'detached' });
  await tile(ana, 'Bo’s screen').waitFor({ state: 'detached' });
  await until('Cy’s screen is large', async () => (await area(ana, 'Cy’s screen')) > 5 * (await area(ana, 'Bo')));
  await Promise.all([context.close(), others.close()]);
});

test('a tile takes the whole screen, or a window of its own', { timeout: 60_000 }, async () => {
  const context = await without(await browser.newContext({ viewport: small }), both);
  const heard = await listen(context);
  const bo = await join(browser, server.url, 'windows', 'Bo');
  const ana = await join(context, server.url, 'windows', 'Ana');
  await seesAndHears(ana, 'Bo');
  const whole = () => ana.evaluate(() => document.fullscreenElement?.getAttribute('aria-label') ?? '');
  await tile(ana, 'Bo').dblclick({ position: { x: 60, y: 60 } });
  await until('Bo takes the screen', async () => (await whole()) === 'Bo');
  await until('and is asked for in that size', async () => heard.asked.at(-1).w === (await ana.evaluate(() => innerWidth * devicePixelRatio)));
  await tile(ana, 'Bo').dblclick({ position: { x: 60, y: 60 } });
  await until('and gives it back', async () => (await whole()) === '');

  const [popup] = await Promise.all([context.waitForEvent('page'), option(ana, 'Bo', 'Open in a window of its own')]);
  await popup.getByText('Bo', { exact: true }).waitFor();
  const frames = () => popup.locator('video').evaluate((/** @type {HTMLVideoElement} */ v) => v.getVideoPlaybackQuality().totalVideoFrames);
  const before = await frames();
  await until('the window shows Bo', async () => (await frames()) > before + 5);
  const fills = (/** @type {Page} */ page) => page.locator('video').evaluate((v) => v.clientWidth === innerWidth && v.clientHeight === innerHeight);
  await until('the picture fills the window', () => fills(popup));
  await popup.close();

  const floats = await ana.evaluate(() => 'documentPictureInPicture' in window);
  if (floats) {
    const [pip] = await Promise.all([context.waitForEvent('page'), more(ana, 'Picture in picture')]);
    await pip.getByText('Bo', { exact: true }).waitFor();
    await until('the small window plays', () => pip.locator('video').evaluate((/** @type {HTMLVideoElement} */ v) => v.videoWidth > 0));
    await until('and fills it', () => fills(pip));
    await pip.close();
  }
  const [left] = await Promise.all([context.waitForEvent('page'), option(ana, 'Bo', 'Open in a window of its own')]);
  await left.getByText('Bo', { exact: true }).waitFor();
  await Promise.all([left.waitForEvent('close'), ana.goto(server.url)]);
  await Promise.all([context.close(), bo.close()]);
});

test('a moderator has everybody look at one picture', { timeout: 60_000 }, async () => {
  /** Who opens a room without keys moderates it. @type {Page[]} */
  const pages = [];
  for (const name of ['Boss', 'Ana', 'Bo']) {
    const context = await browser.newContext({ viewport: desktop });
    pages.push(await join(name === 'Bo' ? context : await without(context, both), server.url, 'spot', name));
  }
  const [boss, ana, bo] = pages;
  await seesAndHears(ana, 'Bo');
  await option(boss, 'Bo', 'Spotlight for everyone');
  for (const page of [ana, boss]) {
    await until('Bo is large', async () => (await area(page, 'Bo')) > 3 * (await area(page, 'Boss')));
    await tile(page, 'Bo').getByRole('img', { name: 'Spotlight' }).waitFor();
  }
  await until('Bo sees himself large', async () => (await area(bo, 'Bo')) > 3 * (await area(bo, 'Ana')));
  await option(boss, 'Bo', 'Spotlight for everyone');
  await until('the grid is back', async () => (await layout(ana)) === 'grid');
  await tile(ana, 'Bo').hover();
  await tile(ana, 'Bo').getByRole('button', { name: 'Options for Bo' }).click();
  await ana.getByRole('menu').waitFor();
  assert.equal(await ana.getByRole('menu').getByText('Spotlight for everyone').count(), 0, 'only moderators may');
  await Promise.all(pages.map((p) => p.context().close()));
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
