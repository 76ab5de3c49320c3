// @ts-check
// Firefox and Chromium in one room: what one sends the other shows. Firefox has a
// window on a screen of its own, so that there is one to share.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { drawnScreen } from './drawn.mjs';
import { receivedOf, variance } from './measure.mjs';
import { atEnd, cleanUp, errorsOfPages, join, startBrowser, startScreen, startServer, tile, until } from './support.mjs';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** In Firefox. @type {import('puppeteer-core').Page} */
let ana;
/** In Chromium. @type {import('playwright-core').Page} */
let bo;
/** @type {string[]} */
const errors = [];

const prefs = {
  'media.navigator.streams.fake': true, // a picture and a tone without hardware
  'media.navigator.permission.disabled': true, // every prompt is answered with yes
  'permissions.default.microphone': 1,
  'permissions.default.camera': 1,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
};

before(async () => {
  server = await startServer();
  const firefox = await puppeteer.launch({
    browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', extraPrefsFirefox: prefs,
    headless: false, env: { ...process.env, DISPLAY: await startScreen(), MOZ_ENABLE_WAYLAND: '0' },
  });
  atEnd(() => firefox.close());
  ana = await firefox.newPage();
  ana.on('pageerror', (e) => errors.push(String(e)));
  ana.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
  bo = await join(await startBrowser(), server.url, 'foxes', 'Bo');
}, { timeout: 180_000 });
after(cleanUp);

/** Waits for something in Firefox. @param {string} role @param {string} name */
async function find(role, name) {
  const found = await ana.waitForSelector(`aria/${name}[role="${role}"]`, { timeout: 15_000 });
  assert.ok(found);
  return found;
}

/** @param {string} role @param {string} name */
const press = async (role, name) => (await find(role, name)).click();

test('Ana joins through the lobby', { timeout: 60_000 }, async () => {
  await ana.goto(`${server.url}/?room=foxes`);
  await (await find('textbox', 'Your name')).type('Ana');
  await press('button', 'Join now');
  await find('toolbar', 'Call controls');
  await tile(bo, 'Ana').waitFor();
});

/** What Ana's page has received. @param {string} name @param {string} source */
const firefoxReceived = (name, source) => receivedOf(/** @type {any} */ (ana), name, source);

/** Waits until Ana has decoded ten pictures more, and shows them. @param {string} source */
async function watches(source) {
  await until(`Ana gets the ${source} of Bo`, async () => (await firefoxReceived('Bo', source)).frames > 0, 20_000);
  const before = await firefoxReceived('Bo', source);
  await until('it goes on', async () => (await firefoxReceived('Bo', source)).frames > before.frames + 10);
  await until('it is shown', () => ana.evaluate((source) => {
    const { room } = /** @type {any} */ (window).switchyard;
    const { id } = room.members.find((/** @type {any} */ m) => m.name === 'Bo');
    const video = /** @type {HTMLVideoElement|null} */ (document.querySelector(`[data-member="${id}"][data-source="${source}"] video.is-shown`));
    if (!video || video.paused || video.videoWidth === 0) {
      return false;
    }
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(32, 18).getContext('2d'));
    context.drawImage(video, 0, 0, 32, 18);
    return new Set(new Uint32Array(context.getImageData(0, 0, 32, 18).data.buffer)).size > 4; // not of one colour
  }, source));
}

test('each sees and hears the other', { timeout: 90_000 }, async () => {
  // Firefox's own fake camera sends one colour at a time, 30 pictures a second.
  await until('Bo sees Ana', async () => (await receivedOf(bo, 'Ana', 'camera')).frames > 5, 20_000);
  const first = await receivedOf(bo, 'Ana', 'camera');
  const sound = await receivedOf(bo, 'Ana', 'microphone');
  await until('the picture goes on', async () => (await receivedOf(bo, 'Ana', 'camera')).frames > first.frames + 20);
  await until('Bo hears Ana', async () => (await receivedOf(bo, 'Ana', 'microphone')).energy > sound.energy);
  assert.ok(await tile(bo, 'Ana').locator('video.is-shown').evaluate((/** @type {HTMLVideoElement} */ v) => v.videoWidth > 0));
  await watches('camera');
  const heard = await firefoxReceived('Bo', 'microphone');
  await until('Ana hears Bo', async () => (await firefoxReceived('Bo', 'microphone')).energy > heard.energy);
});

test('a camera that was off is back', { timeout: 60_000 }, async () => {
  await press('button', 'Camera');
  await until('it is off', async () => (await tile(bo, 'Ana').getAttribute('data-track-state')) === 'off');
  await press('button', 'Camera');
  await until('it is on', async () => (await tile(bo, 'Ana').getAttribute('data-track-state')) === 'live');
  const before = await receivedOf(bo, 'Ana', 'camera');
  await until('Bo sees it', async () => (await receivedOf(bo, 'Ana', 'camera')).frames > before.frames + 10);
});

test('they chat', { timeout: 60_000 }, async () => {
  await press('button', 'Chat');
  await bo.getByRole('button', { name: 'Chat', exact: true }).click();
  await (await find('textbox', 'Message')).type('from Firefox');
  await press('button', 'Send');
  await bo.getByRole('log').getByText('Ana: from Firefox').waitFor();
  await bo.getByRole('textbox', { name: 'Message' }).fill('from Chromium');
  await bo.keyboard.press('Enter');
  const log = await find('log', 'Chat');
  await until('Ana reads it', async () => (await log.evaluate((e) => e.textContent ?? '')).includes('Bo: from Chromium'));
});

test('they share their screens', { timeout: 150_000 }, async () => {
  await press('button', 'Share screen'); // the whole screen is the first that Firefox finds
  await tile(bo, 'Ana’s screen').waitFor();
  await until('Bo sees it', async () => (await receivedOf(bo, 'Ana', 'screen')).frames > 5, 30_000);
  const video = tile(bo, 'Ana’s screen').locator('video.is-shown');
  const shape = await video.evaluate((/** @type {HTMLVideoElement} */ v) => v.videoWidth / v.videoHeight);
  assert.ok(Math.abs(shape - 1280 / 800) < 0.02, `a screen of ${shape}`);
  await until('it is a picture', async () => (await variance(bo, 'Ana’s screen')) > 100);
  const { frames } = await receivedOf(bo, 'Ana', 'screen');
  await until('it goes on', async () => (await receivedOf(bo, 'Ana', 'screen')).frames > frames + 5, 20_000);
  await press('button', 'Share screen');
  await tile(bo, 'Ana’s screen').waitFor({ state: 'detached' });
  await bo.evaluate(drawnScreen);
  await bo.getByRole('button', { name: 'Share screen' }).click();
  await watches('screen');
});

test('Ana comes back after a reload, and leaves', { timeout: 60_000 }, async () => {
  await ana.reload();
  await find('toolbar', 'Call controls');
  await watches('camera');
  await press('button', 'Leave');
  await tile(bo, 'Ana').waitFor({ state: 'detached' });
});

test('no page has reported an error', () => assert.deepEqual([...errors, ...errorsOfPages()], []));
