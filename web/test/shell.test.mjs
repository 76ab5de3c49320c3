// @ts-check
// What stands around a call: languages, toolbar, settings, shortcuts,
// statistics, phones, notices.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { drawnScreen } from './drawn.mjs';
import { receivedOf, seesAndHears, violations } from './measure.mjs';
import { cleanUp, errorsOfPages, fakeConsent, ghost, join, open, out, small, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Browser, BrowserContext, Page} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {Browser} */
let browser;
/** @type {BrowserContext} of Ana, who may use the clipboard */
let context;
/** Ana and Bo are in one room from the beginning to the end. @type {Page} */
let ana;
/** @type {Page} */
let bo;

const wide = { width: 960, height: 600 };

before(async () => {
  server = await startServer();
  // The second of these is a depth camera, which gives no picture.
  browser = await startBrowser(['--use-fake-device-for-media-stream=fps=5,device-count=3', ...fakeConsent]);
  context = await browser.newContext({ viewport: wide, permissions: ['camera', 'microphone', 'clipboard-read', 'clipboard-write'] });
  [ana, bo] = await Promise.all([join(context, server.url, 'shell', 'Ana'), join(browser, server.url, 'shell', 'Bo')]);
  await tile(ana, 'Bo').waitFor();
});
after(cleanUp);

/** @param {Page} page @param {string} name of the picture */
async function look(page, name) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${out}${name}-${colorScheme}.png`, animations: 'disabled' });
    assert.deepEqual(await violations(page), [], `${name} in ${colorScheme}`);
  }
}

/** @param {Page} page @param {string} name */
const control = (page, name) => page.getByRole('toolbar').getByRole('button', { name, exact: true });

/** @param {Page} page @param {string} name @param {'menuitem'|'menuitemcheckbox'} [role] */
async function more(page, name, role = 'menuitem') {
  await control(page, 'More').click();
  await page.getByRole(role, { name, exact: true }).click();
}

/** The picture of somebody goes on. @param {Page} page @param {string} name */
async function goesOn(page, name) {
  const { frames } = await receivedOf(page, name, 'camera');
  await until(`${name} moves`, async () => (await receivedOf(page, name, 'camera')).frames > frames + 3, 30_000);
}

/** @param {Page} page */
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

test('the page speaks Korean to whom it is asked by, and to who chooses it', async () => {
  const korean = await browser.newContext({ locale: 'ko-KR', viewport: small });
  const page = await open(korean, `${server.url}/?room=ko&name=Ana`);
  await page.getByRole('button', { name: '지금 참가' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'ko');
  await look(page, 'lobby-korean');
  await page.getByRole('button', { name: '지금 참가' }).click();
  await page.getByRole('toolbar', { name: '통화 제어' }).waitFor();
  await page.getByRole('button', { name: '더 보기' }).click();
  await page.getByRole('menuitem', { name: '설정' }).click();
  await page.getByRole('tab', { name: '언어' }).click();
  await page.getByRole('combobox', { name: '언어' }).selectOption({ label: 'English' });
  await page.getByRole('button', { name: '지금 새로 고침' }).click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await korean.close();
  const asked = await open(browser, `${server.url}/?lang=ko`);
  await asked.getByRole('button', { name: '새 회의' }).click();
  await asked.getByRole('region', { name: '대기실' }).waitFor(); // the tab goes on so
  await asked.close();
});

test('from right to left everything is the other way round', async () => {
  const page = await open(context, `${server.url}/?room=shell&name=Ria&join&dir=rtl`);
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await tile(page, 'Bo').waitFor();
  await control(page, 'Microphone').focus();
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Camera');
  const at = async (/** @type {string} */ name) => (await control(page, name).boundingBox())?.x ?? 0;
  assert.ok((await at('Microphone')) > (await at('Leave')), 'the first is on the right');
  await control(page, 'Chat').click();
  const panel = await page.getByRole('complementary', { name: 'Chat' }).boundingBox();
  assert.ok(panel && panel.x < wide.width / 4, 'the panel is on the left');
  assert.ok(await fits(page));
  await look(page, 'right-to-left');
  await page.close();
});

test('what has no room is in "More", which is a menu', async () => {
  const button = control(ana, 'More');
  assert.equal(await button.getAttribute('aria-haspopup'), 'menu');
  await button.focus();
  await ana.keyboard.press('Enter');
  const items = ana.getByRole('menu', { name: 'More' }).locator('[role^="menuitem"]');
  await items.first().waitFor();
  const wideItems = await items.allTextContents();
  assert.ok(['Full screen', 'Settings', 'Keyboard shortcuts', 'Connection stats'].every((i) => wideItems.includes(i)), wideItems.join());
  await look(ana, 'more');
  const focused = () => ana.evaluate(() => document.activeElement?.textContent);
  assert.equal(await focused(), wideItems[0]);
  await ana.keyboard.press('ArrowUp');
  assert.equal(await focused(), wideItems[wideItems.length - 1]);
  await ana.keyboard.press('Home');
  assert.equal(await focused(), wideItems[0]);
  await ana.keyboard.press('Escape');
  assert.equal(await items.count(), 0);
  assert.ok(await button.evaluate((b) => b === document.activeElement), 'the focus is back');

  for (const viewport of [{ width: 320, height: 568 }, { width: 640, height: 400 }]) { // the second is 200 % of 1280 by 800
    await ana.setViewportSize(viewport);
    assert.ok(await fits(ana), `${viewport.width} pixels: no sideways scrolling`);
    const boxes = await ana.getByRole('toolbar').getByRole('button').evaluateAll((list) =>
      list.map((b) => b.getBoundingClientRect()).map((r) => ({ left: r.left, right: r.right, width: r.width, height: r.height })));
    assert.ok(boxes.every((b) => b.left >= 0 && b.right <= viewport.width && b.width >= 44 && b.height >= 44), JSON.stringify(boxes));
    await look(ana, `toolbar-${viewport.width}`);
  }
  await ana.setViewportSize({ width: 320, height: 568 });
  await control(ana, 'Share screen').waitFor({ state: 'hidden' });
  await ana.evaluate(drawnScreen);
  await more(ana, 'Share screen', 'menuitemcheckbox');
  await tile(bo, 'Ana’s screen').waitFor();
  await button.click();
  assert.equal(await ana.getByRole('menuitemcheckbox', { name: 'Share screen' }).getAttribute('aria-checked'), 'true');
  await ana.getByRole('menuitemcheckbox', { name: 'Share screen' }).click();
  await tile(bo, 'Ana’s screen').waitFor({ state: 'detached' });
  await ana.setViewportSize(wide);
});

test('settings change the devices during the call, and the colours', async () => {
  await more(ana, 'Settings');
  const dialog = ana.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('combobox', { name: 'Speaker' }).waitFor();
  await look(ana, 'settings-devices');
  const track = () => ana.evaluate(() => {
    const { room } = /** @type {any} */ (window).switchyard;
    return room.locals.find((/** @type {any} */ l) => l.source === 'camera').track?.label;
  });
  await dialog.getByRole('combobox', { name: 'Camera' }).selectOption({ label: 'fake_device_2' });
  await until('the other camera is sent', async () => (await track()) === 'fake_device_2');
  await goesOn(bo, 'Ana');
  const level = dialog.getByRole('meter', { name: 'Microphone level' });
  await until('the level moves', async () => Number(await level.getAttribute('aria-valuenow')) > 0);

  const tab = (/** @type {string} */ name) => dialog.getByRole('tab', { name });
  await tab('Devices').focus();
  await ana.keyboard.press('ArrowRight');
  assert.equal(await tab('Video').getAttribute('aria-selected'), 'true');
  await dialog.getByRole('combobox', { name: 'Picture of my camera' }).selectOption({ label: 'Up to 360p' });
  await until('the camera is smaller', () => ana.evaluate(() => {
    const { room } = /** @type {any} */ (window).switchyard;
    return room.locals.find((/** @type {any} */ l) => l.source === 'camera').track?.getSettings().height === 360;
  }));
  await dialog.getByRole('checkbox', { name: 'Mirror my own picture' }).uncheck();
  await until('the own picture is not mirrored', () => tile(ana, 'Ana').locator('video').evaluate((v) => getComputedStyle(v).transform === 'none'));
  await dialog.getByRole('checkbox', { name: 'Mirror my own picture' }).check();
  await look(ana, 'settings-video');
  for (const name of ['Shortcuts', 'Language', 'Appearance']) {
    await tab(name).click();
    await look(ana, `settings-${name.toLowerCase()}`);
  }
  const ground = () => ana.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await ana.emulateMedia({ colorScheme: 'light' });
  const light = await ground();
  await dialog.getByRole('radio', { name: 'Dark' }).check();
  assert.notEqual(await ground(), light);
  assert.equal(await ana.evaluate(() => /** @type {any} */ (document.querySelector('meta[name="theme-color"][media="all"]')).content), '#0f1216');
  await dialog.getByRole('radio', { name: 'Those of the system' }).check();
  assert.equal(await ground(), light);
  await ana.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.ok(await control(ana, 'More').evaluate((b) => b === document.activeElement), 'the focus is back');
});

test('keys do what the help says, not while typing, and not if they are off', async () => {
  const pressed = async (/** @type {string} */ name) => (await control(ana, name).getAttribute('aria-pressed')) === 'true';
  const main = ana.getByRole('main');
  await main.focus();
  await ana.keyboard.press('m');
  await tile(bo, 'Ana').getByRole('img', { name: 'Muted' }).waitFor();
  assert.equal(await pressed('Microphone'), false);
  await ana.keyboard.down(' ');
  await tile(bo, 'Ana').getByRole('img', { name: 'Muted' }).waitFor({ state: 'hidden' });
  await ana.keyboard.up(' ');
  await tile(bo, 'Ana').getByRole('img', { name: 'Muted' }).waitFor();
  await ana.keyboard.press('m');
  await until('the microphone is on', () => pressed('Microphone'));
  await ana.keyboard.press('v');
  await until('the camera is off', async () => !(await pressed('Camera')));
  await ana.keyboard.press('v');
  await until('the camera is on', () => pressed('Camera'));
  await ana.keyboard.press('c');
  const box = ana.getByRole('textbox', { name: 'Message' });
  await ana.keyboard.type('mvc?');
  assert.equal(await box.inputValue(), 'mvc?');
  assert.ok((await pressed('Microphone')) && (await pressed('Camera')));
  await box.fill('');
  await ana.keyboard.press('Escape');
  await box.waitFor({ state: 'hidden' });
  await main.focus();
  await ana.keyboard.press('Control+m');
  await ana.keyboard.press('?');
  const help = ana.getByRole('dialog', { name: 'Keyboard shortcuts' });
  for (const what of ['Microphone', 'Camera', 'Share screen', 'Chat', 'Full screen', 'Hold to talk']) {
    await help.getByRole('definition').getByText(what, { exact: true }).waitFor();
  }
  assert.ok(await pressed('Microphone'), 'with Control it is none of ours');
  await look(ana, 'help');
  await help.getByRole('checkbox', { name: 'Use single keys as shortcuts' }).uncheck();
  await ana.keyboard.press('Escape');
  await main.focus();
  await ana.keyboard.press('m');
  await ana.keyboard.press('?');
  assert.equal(await help.count(), 0);
  assert.ok(await pressed('Microphone'));
  await more(ana, 'Keyboard shortcuts');
  await help.getByRole('checkbox', { name: 'Use single keys as shortcuts' }).check();
  await ana.keyboard.press('Escape');
});

test('a part that does not come any more is said, and a reload helps', async () => {
  const context = await browser.newContext({ viewport: small });
  const page = await join(context, server.url, 'older', 'Cy');
  // So a newer server answers for a file that it does not have.
  await page.route('**/page/help-*.js', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await page.keyboard.press('?');
  const notice = page.getByRole('alert').filter({ hasText: 'This part of the page did not come.' });
  await notice.waitFor();
  await page.unroute('**/page/help-*.js');
  await notice.getByRole('button', { name: 'Reload now' }).click();
  await control(page, 'More').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await context.close();
});

test('statistics of every track, beside the call, and diagnostics without secrets', async () => {
  await more(ana, 'Connection stats', 'menuitemcheckbox');
  const dialog = ana.getByRole('dialog', { name: 'Connection stats' });
  const row = dialog.getByRole('row').filter({ hasText: 'Bo · Camera' });
  await until('Bo’s camera has a rate', async () => /VP8.*\d+×\d+@\d+.*\d/.test((await row.textContent()) ?? ''));
  await until('the encoding of it is named', async () => /^[fhq]$/.test((await row.getByRole('cell').nth(2).textContent()) ?? ''));
  await until('Ana’s microphone too', async () => /opus.*\d/.test((await dialog.getByRole('row').filter({ hasText: 'You · Microphone' }).textContent()) ?? ''));
  await dialog.getByText(/Path: UDP · Server: 127\.0\.0\.1:\d+ · RTT: \d+ ms/).waitFor();
  await look(ana, 'stats');
  await control(ana, 'Microphone').click(); // it is beside the call, not over it
  await control(ana, 'Microphone').click();
  await dialog.getByRole('button', { name: 'Copy diagnostics' }).click();
  await dialog.getByRole('status').getByText('Copied').waitFor();
  const text = await ana.evaluate(() => navigator.clipboard.readText());
  const told = JSON.parse(text);
  assert.equal(told.connection.path, 'UDP');
  assert.equal(told.room.members, 2);
  assert.ok(told.tracks.length >= 4);
  const secrets = await ana.evaluate(() => {
    const { room } = /** @type {any} */ (window).switchyard;
    const sdp = `${room.pc.localDescription.sdp}\n${room.pc.remoteDescription.sdp}`;
    const of = (/** @type {RegExp} */ r) => [...sdp.matchAll(r)].map((m) => m[1]);
    return [room.seat.key, room.seat.session, ...of(/a=ice-pwd:(\S+)/g), ...of(/a=ice-ufrag:(\S+)/g), ...of(/a=fingerprint:\S+ (\S+)/g)];
  });
  assert.ok(secrets.length > 4);
  assert.deepEqual(secrets.filter((s) => s && text.includes(s)), []);
  await ana.setViewportSize({ width: 360, height: 740 });
  assert.ok(await fits(ana));
  await look(ana, 'stats-phone');
  await ana.setViewportSize(wide);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });
});

test('who comes and goes is noted, those at once together', async () => {
  const sockets = await Promise.all(['Cy', 'Di', 'Eve', 'Flo'].map((name) => ghost(server.url, 'shell', name)));
  await ana.getByText(/^(Cy|Di|Eve|Flo) and 3 others joined$/).waitFor();
  sockets.forEach((s) => s.disconnect());
  await ana.getByText(/ joined$/).waitFor({ state: 'detached', timeout: 8000 });
});

test('a test pattern stands in for devices', async () => {
  const bare = await startBrowser([]);
  const page = await open(bare, `${server.url}/?room=shell&name=Pat&join&fake`);
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await page.getByRole('main').click({ position: { x: 5, y: 5 } }); // lets the browser make sound
  await seesAndHears(bo, 'Pat');
  await until('both devices are on', async () =>
    (await control(page, 'Camera').getAttribute('aria-pressed')) === 'true' && (await control(page, 'Microphone').getAttribute('aria-pressed')) === 'true');
  await page.screenshot({ path: `${out}fake.png` });
  await bare.close();
});

test('a phone: sizes of fingers, a camera to flip, the screen stays on, headsets control the call', async () => {
  const phone = await browser.newContext({
    viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2, permissions: ['camera', 'microphone'],
  });
  await phone.addInitScript(() => {
    const told = /** @type {any} */ ({ locks: 0, released: 0, handlers: {} });
    Object.assign(window, { told });
    Object.defineProperty(navigator, 'wakeLock', { value: {
      request: async () => (told.locks++, { released: false, release: async () => told.released++ }),
    } });
    navigator.mediaSession.setActionHandler = (action, f) => {
      told.handlers[action] = f;
    };
  });
  const page = await join(phone, server.url, 'shell', 'Phil');
  await tile(page, 'Bo').waitFor();
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).told.locks), 1);
  assert.equal(await page.evaluate(() => navigator.mediaSession.metadata?.title), 'shell');
  const tooSmall = () => page.evaluate(() => [...document.querySelectorAll('button, select, input')]
    .filter((b) => b.checkVisibility()).map((b) => ({ name: b.getAttribute('aria-label') ?? b.textContent, ...b.getBoundingClientRect().toJSON() }))
    .filter((b) => b.width > 0 && (b.width < 43.5 || b.height < 43.5)).map((b) => `${b.name} ${b.width}×${b.height}`));
  assert.deepEqual(await tooSmall(), []);
  await look(page, 'phone-portrait');
  const label = () => page.evaluate(() => /** @type {any} */ (window).switchyard.room.locals.find((/** @type {any} */ l) => l.source === 'camera').track?.label);
  const front = await label();
  await control(page, 'More').tap();
  assert.deepEqual(await tooSmall(), []);
  await look(page, 'phone-more');
  await page.getByRole('menuitem', { name: 'Switch camera' }).tap();
  await until('the other camera is sent', async () => ![front, undefined].includes(await label()));
  await page.evaluate(() => /** @type {any} */ (window).told.handlers.togglemicrophone());
  await tile(bo, 'Phil').getByRole('img', { name: 'Muted' }).waitFor();
  await page.evaluate(() => /** @type {any} */ (window).told.handlers.hangup());
  await page.getByText('You left shell after').waitFor();
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).told.released), 1);
  await phone.close();
});

test('the page can be installed', async () => {
  const page = await open(context, server.url);
  const cdp = await context.newCDPSession(page);
  const manifest = await cdp.send('Page.getAppManifest');
  assert.deepEqual(manifest.errors, []);
  const { icons, display, start_url: start } = JSON.parse(String(manifest.data));
  assert.deepEqual([display, start], ['standalone', '/']);
  for (const icon of icons) {
    const r = await fetch(server.url + icon.src);
    assert.equal(r.headers.get('content-type'), icon.type, icon.src);
    if (icon.type === 'image/png') {
      const size = Buffer.from(await r.arrayBuffer()).readUInt32BE(16); // of the header chunk
      assert.equal(`${size}x${size}`, icon.sizes, icon.src);
    }
  }
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
  assert.deepEqual(installabilityErrors.map((e) => e.errorId).filter((e) => e !== 'in-incognito'), []);
  await page.close();
});

test('a device that is unplugged is replaced, and the page says by what', async () => {
  const unplug = await browser.newContext({ viewport: small });
  await unplug.addInitScript(() => {
    const { mediaDevices } = navigator;
    const take = mediaDevices.getUserMedia.bind(mediaDevices);
    /** @type {MediaStreamTrack[]} */
    const tracks = [];
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await take(wanted);
      tracks.push(...stream.getTracks());
      return stream;
    };
    Object.assign(window, {
      unplug: (/** @type {string} */ kind) => {
        const track = /** @type {MediaStreamTrack} */ (tracks.findLast((t) => t.kind === kind));
        track.stop();
        track.dispatchEvent(new Event('ended'));
      },
    });
  });
  const page = await join(unplug, server.url, 'shell', 'Una');
  await page.evaluate(() => /** @type {any} */ (window).unplug('audio'));
  await page.getByRole('alert').getByText(/The microphone was disconnected\. Now using .+\./).waitFor();
  await page.evaluate(() => /** @type {any} */ (window).unplug('video'));
  await page.getByRole('alert').getByText(/The camera was disconnected\. Now using .+\./).waitFor();
  await look(page, 'device-switched');
  await goesOn(bo, 'Una');
  await unplug.close();
});

/**
 * A page whose microphone is something else.
 * @param {string} name
 * @param {() => void} source sets `window.microphone`, which makes a track
 */
async function withMicrophone(name, source) {
  const own = await browser.newContext({ viewport: small });
  await own.addInitScript(source);
  await own.addInitScript(() => {
    const { mediaDevices } = navigator;
    const take = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await take(wanted);
      const [audio] = stream.getAudioTracks();
      if (audio) {
        audio.stop();
        stream.removeTrack(audio);
        stream.addTrack(/** @type {any} */ (window).microphone());
      }
      return stream;
    };
  });
  const page = await join(own, server.url, 'shell', name);
  await page.getByRole('main').click({ position: { x: 5, y: 5 } }); // lets the browser listen
  return page;
}

test('who talks while muted is told, and can unmute there', async () => {
  const page = await withMicrophone('Mia', () => {
    Object.assign(window, { microphone: () => {
      const audio = new AudioContext();
      const [voice, out] = [new OscillatorNode(audio, { type: 'sawtooth', frequency: 150 }), audio.createMediaStreamDestination()];
      voice.connect(new GainNode(audio, { gain: 0.3 })).connect(out);
      voice.start();
      document.addEventListener('click', () => audio.resume());
      return out.stream.getAudioTracks()[0];
    } });
  });
  await control(page, 'Microphone').click();
  const unmute = page.getByRole('alert').getByRole('button', { name: 'Unmute' });
  await unmute.waitFor({ timeout: 20_000 });
  await page.getByRole('alert').getByText('You are talking while muted.').waitFor();
  await look(page, 'talking-muted');
  await unmute.click();
  await until('the microphone is on', async () => (await control(page, 'Microphone').getAttribute('aria-pressed')) === 'true');
  await unmute.waitFor({ state: 'detached' });
  await page.context().close();
});

test('a microphone that gives nothing is remarked upon', async () => {
  const page = await withMicrophone('Sil', () => {
    Object.assign(window, { microphone: () => new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0] });
  });
  await page.getByRole('alert').getByText('Your microphone gives no sound.').waitFor({ timeout: 20_000 });
  await page.getByRole('alert').getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('dialog', { name: 'Settings' }).getByRole('combobox', { name: 'Microphone' }).waitFor();
  await page.context().close();
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(/Failed to load module script/), []));
