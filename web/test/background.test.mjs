// @ts-check
// What is behind the person: blurred, or another picture, by the camera or the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { drawnCamera } from './drawn.mjs';
import { received, receivedOf, seesAndHears, violations } from './measure.mjs';
import { cleanUp, errorsOfPages, fakeConsent, join, open, out, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Browser, BrowserContext, Locator, Page} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {Browser} */
let browser;
/** Who looks on. @type {Page} */
let bo;

before(async () => {
  server = await startServer();
  browser = await startBrowser([...fakeConsent, '--use-fake-device-for-media-stream=device-count=2,fps=15']);
  bo = await join(browser, server.url, 'back', 'Bo');
});
after(cleanUp);

/** A fast machine: the thread that draws believes that a hundredth of the time has passed. */
const fast = '{ const now = performance.now.bind(performance); performance.now = () => now() / 100; }';
/** A slow one: each part of a picture takes its time. */
const slow = `{
  const { drawArrays } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.drawArrays = function (...a) {
    for (const end = performance.now() + 40; performance.now() < end;);
    return drawArrays.apply(this, a);
  };
}`;

/**
 * A visitor whose camera has few lines, since there is no graphics processor here, for
 * the time of a test.
 * @param {import('node:test').TestContext} t
 * @param {string} [machine] that the visitor has
 */
async function visitor(t, machine = fast) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 720 } });
  t.after(() => context.close());
  await context.addInitScript(() => {
    if (!localStorage.getItem('switchyard.settings')) {
      localStorage.setItem('switchyard.settings', JSON.stringify({ height: 360 }));
    }
  });
  await context.route('**/background-worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: machine + await response.text() });
  });
  return context;
}

/**
 * The mean colour of a picture, or of a part of it.
 * @param {Locator} video
 * @param {[number, number, number, number]} [part] of a picture of 32 by 18 points: left, top, width and height
 * @returns {Promise<{r: number, g: number, b: number}>} of 0 to 255
 */
const colour = (video, part = [0, 0, 32, 18]) => video.evaluate((/** @type {HTMLVideoElement} */ video, [x, y, width, height]) => {
  const canvas = new OffscreenCanvas(32, 18);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  if (video.videoWidth > 0) {
    context.drawImage(video, 0, 0, 32, 18);
  }
  const { data } = context.getImageData(x, y, width, height);
  const mean = (/** @type {number} */ from) => data.reduce((sum, v, i) => sum + (i % 4 === from ? v : 0), 0) / (width * height);
  return { r: mean(0), g: mean(1), b: mean(2) };
}, part);

/** @typedef {'camera'|'dusk'|'paper'|'red'} Seen */
/** What the pictures look like from far away. @type {Record<Seen, (c: {r: number, g: number, b: number}) => boolean>} */
const looks = {
  camera: ({ r, g, b }) => g > r + 40 && g > b + 40, // Chromium's is green
  dusk: ({ r, g, b }) => r > g + 25 && b > 60,
  paper: ({ r, g, b }) => Math.min(r, g, b) > 150,
  red: ({ r, g, b }) => r > 150 && g < 80 && b < 80,
};

/**
 * @param {string} what
 * @param {Locator} video
 * @param {Seen} seen
 */
async function shows(what, video, seen) {
  let last = {};
  await until(`${what} shows ${seen}`, async () => looks[seen](Object.assign(last, await colour(video))), 90_000)
    .catch((err) => assert.fail(`${err.message}, but ${JSON.stringify(last)}`));
}

/** @param {string} name @param {Seen} seen */
const boSees = (name, seen) => shows(`Bo’s tile of ${name}`, tile(bo, name).locator('video'), seen);

/** @param {Page} page */
const background = (page) => page.getByRole('combobox', { name: 'Background' });

/** @param {Page} page */
const enter = async (page) => {
  await page.getByRole('button', { name: 'Join now' }).click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
};

/** @param {Page} page */
async function openVideo(page) {
  await page.getByRole('toolbar').getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  await page.getByRole('dialog', { name: 'Settings' }).getByRole('tab', { name: 'Video' }).click();
}

/** @param {Page} page @param {'Camera'} name */
const control = (page, name) => page.getByRole('toolbar').getByRole('button', { name });

/** Threads of the page. @param {Page} page */
const threads = (page) => page.workers().filter((w) => w.url().includes('background')).length;

test('nothing of it is fetched unless it is chosen', async (t) => {
  const context = await visitor(t);
  const page = await context.newPage();
  /** @type {string[]} */
  const asked = [];
  page.on('request', (r) => asked.push(new URL(r.url()).pathname));
  const fetched = () => asked.filter((p) => /mediapipe|effect|background/.test(p));
  await page.goto(`${server.url}/?room=back&name=Cy`);
  await shows('the preview', page.getByLabel('Your camera'), 'camera');
  await enter(page);
  await openVideo(page);
  await boSees('Cy', 'camera');
  assert.deepEqual([fetched(), threads(page)], [[], 0]);
  await background(page).selectOption('Paper');
  await boSees('Cy', 'paper');
  for (const file of ['/page/background-worker.js', '/vendor/mediapipe/selfie_segmentation_landscape.tflite',
    '/vendor/mediapipe/selfie_segmentation_solution_simd_wasm_bin.wasm']) {
    assert.ok(fetched().includes(file), `${file} is not one of ${fetched()}`);
  }
  assert.equal(threads(page), 1);
});

test('chosen in the lobby, the others see it; without it, they see the room again', async (t) => {
  const context = await visitor(t);
  const page = await open(context, `${server.url}/?room=back&name=Ana`);
  const preview = page.getByLabel('Your camera');
  await shows('the preview', preview, 'camera');
  await background(page).selectOption('Dusk');
  await shows('the preview', preview, 'dusk');
  assert.deepEqual(await violations(page), []);
  await page.screenshot({ path: `${out}background-lobby.png` });
  await enter(page);
  await boSees('Ana', 'dusk');
  await seesAndHears(bo, 'Ana');
  await shows('the own tile', tile(page, 'Ana').locator('video'), 'dusk');
  await bo.screenshot({ path: `${out}background-bo.png` });
  await openVideo(page);
  assert.deepEqual(await violations(page), []);
  await page.screenshot({ path: `${out}background-settings.png` });
  await background(page).selectOption('Blur');
  await boSees('Ana', 'camera');
  assert.equal(threads(page), 1, 'it goes on by the same thread');
  await page.keyboard.press('Escape');
  await page.screenshot({ path: `${out}background-blur.png` });
  await openVideo(page);
  await background(page).selectOption('Dusk');
  await boSees('Ana', 'dusk');
  await background(page).selectOption('None');
  await boSees('Ana', 'camera');
  await until('its thread has ended', () => threads(page) === 0);
  await seesAndHears(bo, 'Ana');
});

test('a person stays, and only what is behind changes', async (t) => {
  const context = await visitor(t);
  await context.addInitScript(drawnCamera, {
    wall: /** @type {[string, string]} */ (['#d7c9b0', '#8a7a62']), lamp: '#fff2c8', skin: '#e0ac88', hair: '#3b2a20',
    cut: /** @type {const} */ ('long'), clothes: '#35618e', speaks: false,
  });
  const page = await open(context, `${server.url}/?room=back&name=Pia`);
  const preview = page.getByLabel('Your camera');
  const cheeks = () => colour(preview, [14, 7, 4, 2]);
  const corner = () => colour(preview, [0, 0, 4, 2]);
  const near = (/** @type {{r: number, g: number, b: number}} */ a, /** @type {typeof a} */ b) => Math.hypot(a.r - b.r, a.g - b.g, a.b - b.b);
  await until('the preview shows a face', async () => (await cheeks()).r > 180, 90_000);
  const [face, wall] = [await cheeks(), await corner()];
  await background(page).selectOption('Dusk');
  // Between the camera's picture and the drawn one there can be none.
  const stays = async () => near(await cheeks(), face) < 25;
  await until('the wall is gone, and the face is not', async () => near(await corner(), wall) > 60 && await stays(), 90_000);
  await page.screenshot({ path: `${out}background-person.png` });
  await background(page).selectOption('Blur');
  await until('the wall is back, and the face is there', async () => near(await corner(), wall) < 40 && await stays(), 90_000);
  await page.screenshot({ path: `${out}background-person-blur.png` });
});

test('it outlives the camera: off and on, another one, one that is unplugged, a reload', async (t) => {
  const context = await visitor(t);
  await context.addInitScript(() => {
    const { mediaDevices } = navigator;
    const take = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await take(wanted);
      const [camera] = stream.getVideoTracks();
      return Object.assign(window, {
        unplug: () => {
          camera.stop();
          camera.dispatchEvent(new Event('ended'));
        },
      }) && stream;
    };
  });
  const page = await open(context, `${server.url}/?room=back&name=Di`);
  await background(page).selectOption('Dusk');
  await shows('the preview', page.getByLabel('Your camera'), 'dusk');
  await enter(page);
  await boSees('Di', 'dusk');
  const camera = control(page, 'Camera');
  await camera.click();
  await until('the camera is off', async () => (await tile(bo, 'Di').getAttribute('data-track-state')) === 'off');
  await until('its thread has ended', () => threads(page) === 0);
  await camera.click();
  await until('Di is seen', async () => (await tile(bo, 'Di').getAttribute('data-track-state')) === 'live');
  await boSees('Di', 'dusk');
  await page.getByRole('toolbar').getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  await page.getByRole('dialog', { name: 'Settings' }).getByRole('combobox', { name: 'Camera' }).selectOption({ label: 'fake_device_1' });
  const first = await receivedOf(bo, 'Di', 'camera');
  await until('the other camera is seen', async () => (await receivedOf(bo, 'Di', 'camera')).frames > first.frames + 20, 60_000);
  await boSees('Di', 'dusk');
  await until('one thread is left', () => threads(page) === 1);
  await page.keyboard.press('Escape');
  await page.evaluate(() => /** @type {any} */ (window).unplug());
  await page.getByRole('alert').getByText(/The camera was disconnected\. Now using .+\./).waitFor({ timeout: 60_000 });
  await boSees('Di', 'dusk');
  await until('one thread is left', () => threads(page) === 1);
  await page.reload();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await openVideo(page);
  assert.equal(await background(page).locator('option:checked').textContent(), 'Dusk');
  await until('Di is there once', async () => (await received(bo)).filter((s) => s.name === 'Di' && s.source === 'camera').length === 1);
  await boSees('Di', 'dusk');
  await page.keyboard.press('Escape');
  await page.getByRole('toolbar').getByRole('button', { name: 'Leave' }).click();
  await page.getByText('You left back').waitFor();
  await until('its thread has ended', () => threads(page) === 0);
});

test('a picture of one’s own, which this browser keeps', async (t) => {
  const context = await visitor(t);
  const page = await open(context, `${server.url}/?room=back&name=Eve`);
  assert.equal(await background(page).locator('option', { hasText: 'My picture' }).count(), 0);
  const choose = async (/** @type {{name: string, mimeType: string, buffer: Buffer}} */ file) => {
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Use a picture of my own' }).click()]);
    await chooser.setFiles(file);
  };
  await choose({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('not a picture') });
  await page.getByRole('status').getByText('This browser cannot use this file as a picture.').waitFor();
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 1600, height: 1200 });
    const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    c.fillStyle = '#d01020';
    c.fillRect(0, 0, 1600, 1200);
    return canvas.toDataURL('image/png');
  });
  await choose({ name: 'red.png', mimeType: 'image/png', buffer: Buffer.from(url.split(',')[1], 'base64') });
  await shows('the preview', page.getByLabel('Your camera'), 'red');
  await enter(page);
  await boSees('Eve', 'red');
  await page.goto(`${server.url}/?room=back&name=Eve`);
  await shows('the preview of the next visit', page.getByLabel('Your camera'), 'red');
  assert.equal(await background(page).locator('option:checked').textContent(), 'My picture');
});

test('a camera that blurs by itself is asked to, and nothing is fetched', async (t) => {
  const context = await visitor(t);
  await context.addInitScript(() => {
    let on = false;
    const { getCapabilities, getSettings, applyConstraints } = MediaStreamTrack.prototype;
    MediaStreamTrack.prototype.getCapabilities = function () {
      return /** @type {any} */ ({ ...getCapabilities.call(this), ...(this.kind === 'video' && { backgroundBlur: [true, false] }) });
    };
    MediaStreamTrack.prototype.getSettings = function () {
      return /** @type {any} */ ({ ...getSettings.call(this), backgroundBlur: on });
    };
    MediaStreamTrack.prototype.applyConstraints = async function (/** @type {any} */ wanted) {
      const { backgroundBlur, ...others } = wanted;
      on = backgroundBlur ?? on;
      Object.assign(window, { blurred: on });
      return applyConstraints.call(this, others);
    };
    const { getConstraints } = MediaStreamTrack.prototype;
    MediaStreamTrack.prototype.getConstraints = function () {
      return /** @type {any} */ ({ ...getConstraints.call(this), ...(on && { backgroundBlur: true }) });
    };
  });
  const page = await open(context, `${server.url}/?room=back&name=Flo`);
  await shows('the preview', page.getByLabel('Your camera'), 'camera');
  const blurred = () => page.evaluate(() => Boolean(/** @type {any} */ (window).blurred));
  assert.equal(await blurred(), false);
  await background(page).selectOption('Blur');
  await until('the camera blurs', blurred);
  assert.equal(threads(page), 0);
  await background(page).selectOption('Dusk');
  await shows('the preview', page.getByLabel('Your camera'), 'dusk');
  assert.equal(await blurred(), false, 'not both');
  await background(page).selectOption('Blur');
  await until('the camera blurs again', blurred);
  await shows('the preview', page.getByLabel('Your camera'), 'camera');
  await background(page).selectOption('None');
  await until('the camera does not blur', async () => !(await blurred()));
});

test('without streams of pictures it goes by the page', async (t) => {
  const context = await visitor(t);
  await context.addInitScript(() => {
    delete (/** @type {any} */ (window).MediaStreamTrackGenerator);
  });
  const page = await open(context, `${server.url}/?room=back&name=Gil`);
  await background(page).selectOption('Dusk');
  await shows('the preview', page.getByLabel('Your camera'), 'dusk');
  await enter(page);
  await boSees('Gil', 'dusk');
  const first = await receivedOf(bo, 'Gil', 'camera');
  await until('Gil moves', async () => (await receivedOf(bo, 'Gil', 'camera')).frames > first.frames + 20, 60_000);
  await control(page, 'Camera').click();
  await until('its thread has ended', () => threads(page) === 0);
});

test('the test pattern has a background as well', async (t) => {
  const page = await open(await visitor(t), `${server.url}/?room=back&name=Pat&fake`);
  await background(page).selectOption('Dusk');
  await shows('the preview', page.getByLabel('Your camera'), 'dusk');
});

test('where it is too slow it turns itself off, and says so', async (t) => {
  const context = await visitor(t, slow);
  const page = await open(context, `${server.url}/?room=back&name=Hal`);
  await shows('the preview', page.getByLabel('Your camera'), 'camera');
  await enter(page);
  await boSees('Hal', 'camera');
  await openVideo(page);
  await background(page).selectOption('Dusk');
  await page.keyboard.press('Escape');
  await page.getByRole('alert').getByText('This device is too slow for the background, so it is off.').waitFor({ timeout: 90_000 });
  await page.screenshot({ path: `${out}background-slow.png` });
  await openVideo(page);
  assert.equal(await background(page).locator('option:checked').textContent(), 'None');
  await page.keyboard.press('Escape');
  await boSees('Hal', 'camera');
  await seesAndHears(bo, 'Hal');
  await until('its thread has ended', () => threads(page) === 0);
});

test('where it does not work the camera goes on without it', async (t) => {
  const context = await visitor(t);
  await context.route('**/vendor/mediapipe/*.wasm', (route) => route.abort());
  const page = await open(context, `${server.url}/?room=back&name=Ida`);
  await shows('the preview', page.getByLabel('Your camera'), 'camera');
  await background(page).selectOption('Blur');
  await page.getByRole('status').getByText('The background does not work here, so it is off.').waitFor({ timeout: 90_000 });
  assert.equal(await background(page).locator('option:checked').textContent(), 'None');
  await shows('the preview', page.getByLabel('Your camera'), 'camera');
  await until('its thread has ended', () => threads(page) === 0);
});

test('no page has reported an error', () => {
  assert.deepEqual(errorsOfPages(/ERR_FAILED/), []);
});
