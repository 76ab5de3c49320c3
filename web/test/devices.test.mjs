// @ts-check
// Cameras and microphones that are absent, blocked, busy or late.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seesAndHears, violations } from './measure.mjs';
import { cleanUp, errorsOfPages, fakeDevices, join, open, out, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').Browser} without any device, and without sound before a gesture */
let bare;

before(async () => {
  server = await startServer();
  [browser, bare] = await Promise.all([startBrowser(), startBrowser(['--autoplay-policy=document-user-activation-required'])]);
});
after(cleanUp);

/** @param {Page} page */
const enter = async (page) => {
  await page.getByRole('textbox', { name: 'Your name' }).fill('Ana');
  await page.getByRole('button', { name: 'Join now' }).click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
};

/** @param {Page} page @param {'Camera'|'Microphone'} name */
const control = (page, name) => page.getByRole('toolbar').getByRole('button', { name });

test('without devices one still joins, sees and hears', async () => {
  const [bo, page] = await Promise.all([
    join(browser, server.url, 'bare', 'Bo'), open(bare, `${server.url}/?room=bare`),
  ]);
  await page.getByText('No camera found.').waitFor();
  await page.getByText('No microphone found.').waitFor();
  await enter(page);
  await seesAndHears(page, 'Bo');
  await tile(bo, 'Ana').getByRole('img', { name: 'Muted' }).waitFor();
  await control(page, 'Camera').click();
  await page.getByRole('alert').getByText('No camera found.').waitFor();
  assert.equal(await control(page, 'Camera').getAttribute('aria-pressed'), 'false');
  await Promise.all([page.close(), bo.close()]);
});

test('sound that the browser holds back is played after a click', async () => {
  const bo = await join(browser, server.url, 'silent', 'Bo');
  // Whatever Playwright evaluates counts as a gesture of the visitor, which
  // allows sound. So nothing of it may run before the page has tried to play.
  const page = await bare.newPage();
  const cdp = await page.context().newCDPSession(page);
  await page.goto(`${server.url}/?room=silent&name=Di&join`);
  const { result } = await cdp.send('Runtime.evaluate', {
    awaitPromise: true,
    returnByValue: true,
    userGesture: false,
    expression: `new Promise((done) => {
      const look = () => document.querySelector('.hear-bar')?.checkVisibility() && done(navigator.userActivation.hasBeenActive);
      new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
      look();
    })`,
  });
  assert.equal(result.value, false, 'nobody had clicked');
  const hear = page.getByRole('button', { name: 'Click to hear' });
  await hear.click();
  await hear.waitFor({ state: 'hidden' });
  await seesAndHears(page, 'Bo');
  assert.ok(await page.evaluate(() => [...document.querySelectorAll('audio')].every((a) => !a.paused)));
  await Promise.all([page.close(), bo.close()]);
});

test('a camera that was off in the lobby is published later, in one offer', async () => {
  const [bo, page] = await Promise.all([
    join(browser, server.url, 'later', 'Bo'), open(browser, `${server.url}/?room=later`),
  ]);
  const camera = page.getByRole('button', { name: 'Camera' });
  await until('the camera is on', async () => (await camera.getAttribute('aria-pressed')) === 'true');
  await camera.click();
  await page.getByText('Camera is off').waitFor();
  await enter(page);
  const offers = () => page.evaluate(() => /** @type {any} */ (window).switchyard.room.offers);
  assert.equal(await tile(page, 'Ana').getAttribute('data-track-state'), 'off');
  assert.equal(await offers(), 1);
  await control(page, 'Camera').click();
  await until('Ana’s tile is live', async () => (await tile(bo, 'Ana').getAttribute('data-track-state')) === 'live');
  await seesAndHears(bo, 'Ana');
  assert.equal(await offers(), 2);
  await Promise.all([page.close(), bo.close()]);
});

test('a blocked camera is explained, one joins without, and turns it on when it is allowed', async () => {
  const strict = await startBrowser(fakeDevices); // nobody answers the prompt
  const context = await strict.newContext();
  const cdp = await strict.newBrowserCDPSession();
  const page = await open(context, server.url);
  const { targetInfos } = await cdp.send('Target.getTargets');
  const browserContextId = targetInfos.find((t) => t.url.startsWith(server.url))?.browserContextId;
  const permit = async (/** @type {'denied'|'granted'} */ setting) => {
    for (const name of ['camera', 'microphone']) {
      await cdp.send('Browser.setPermission', { permission: { name }, setting, origin: server.url, browserContextId });
    }
  };
  await permit('denied');
  await page.goto(`${server.url}/?room=blocked&name=Ana&join`);
  await page.getByText('Camera blocked. You can still join; click the camera icon in the address bar to allow it.').waitFor();
  await page.getByText('Microphone blocked. You can still join; click the camera icon in the address bar to allow it.').waitFor();
  assert.deepEqual(await violations(page), []);
  await page.screenshot({ path: `${out}lobby-blocked.png` });
  await page.getByRole('button', { name: 'Join without camera' }).click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await control(page, 'Camera').click();
  await page.getByRole('alert').getByText('Camera blocked.').waitFor();
  await permit('granted');
  await control(page, 'Camera').click();
  await until('the camera is on', async () => (await control(page, 'Camera').getAttribute('aria-pressed')) === 'true');
  assert.equal(await tile(page, 'Ana').getAttribute('data-track-state'), 'live');
  await until('it is published', () => page.evaluate(() => /** @type {any} */ (window).switchyard.room.locals.some((/** @type {any} */ l) => l.id)));
  await strict.close();
});

test('a busy camera has its own sentence, and can be tried again', async () => {
  const context = await browser.newContext();
  await context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      if (wanted?.video && !('freed' in window)) {
        throw new DOMException('Could not start video source', 'NotReadableError');
      }
      return open(wanted);
    };
  });
  const page = await open(context, `${server.url}/?room=busy`);
  await page.getByText('Another program is using the camera.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Microphone' }).getAttribute('aria-pressed'), 'true');
  await page.evaluate(() => Object.assign(window, { freed: true }));
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Another program is using the camera.').waitFor({ state: 'detached' });
  await until('the camera is on', async () => (await page.getByRole('button', { name: 'Camera' }).getAttribute('aria-pressed')) === 'true');
  await context.close();
});

test('without HTTPS one is told so, and joins as a viewer', async () => {
  const plain = await startServer('0.0.0.0:0');
  const url = `http://meet.test:${new URL(plain.url).port}`;
  const page = await open(browser, `${url}/?room=plain`);
  assert.equal(await page.evaluate(() => isSecureContext), false);
  await page.getByText(`Browsers allow camera and microphone only over HTTPS. Open ${url.replace('http:', 'https:')}/?room=plain`).waitFor();
  await enter(page);
  await page.getByText('Nobody else is here yet.').waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Copy link' }).first().click();
  await page.getByRole('alert').getByText(`The link to this room: ${url}/?room=plain`).waitFor();
  await page.close();
});

test('no page has reported an error', () => {
  // Without HTTPS there is no isolation from other windows, and Chromium says so.
  assert.deepEqual(errorsOfPages(/Cross-Origin-Opener-Policy header has been ignored/), []);
});
