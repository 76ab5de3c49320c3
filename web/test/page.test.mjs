// @ts-check
// The screens of the page: what they say, how they look, whom they keep out.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  cleanUp, fakeDevices, join, open, out, startBrowser, startServer, tile, until, violations,
} from './support.mjs';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

test('every unknown path leads home', async () => {
  for (const path of ['/nowhere', '/lib/', '/index.html', '/a/b/c?room=x', '/%2e%2e/etc/passwd']) {
    const r = await fetch(server.url + path, { redirect: 'manual' });
    assert.equal(r.status, 302, path);
    assert.equal(r.headers.get('location'), '/', path);
  }
});

test('home leads into a room, new or named', async () => {
  const page = await open(browser, server.url);
  await page.getByRole('button', { name: 'New meeting' }).click();
  await page.waitForURL(/\/\?room=[a-z]+-[a-z]+-\d+$/);
  await page.getByRole('region', { name: 'Lobby' }).waitFor();
  await page.goto(server.url);
  const room = page.getByRole('textbox', { name: 'Room name or link' });
  await room.fill('<nonsense>');
  await room.press('Enter');
  assert.equal(await room.getAttribute('aria-invalid'), 'true');
  await room.fill(`${server.url}/?room=blue-fox-42`);
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByRole('heading', { name: 'Ready to join “blue-fox-42”?' }).waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test('the lobby shows and chooses devices, and wants a name', async () => {
  const page = await open(browser, `${server.url}/?room=lobby`);
  const camera = page.getByRole('button', { name: 'Camera' });
  await until('the camera is on', async () => (await camera.getAttribute('aria-pressed')) === 'true');
  await until('the preview plays', () => page.getByLabel('Your camera').evaluate((/** @type {HTMLVideoElement} */ v) => v.videoWidth > 0));
  assert.ok((await page.getByRole('combobox', { name: 'Microphone' }).locator('option').count()) > 1);
  const level = page.getByRole('meter', { name: 'Microphone level' });
  await page.getByRole('textbox', { name: 'Your name' }).click();
  await until('the level moves', async () => Number(await level.getAttribute('aria-valuenow')) > 0);
  await page.getByRole('button', { name: 'Test speaker' }).click();
  await camera.click();
  await page.getByText('Camera is off').waitFor();
  await page.getByRole('button', { name: 'Join now' }).click();
  const name = page.getByRole('textbox', { name: 'Your name' });
  assert.equal(await name.getAttribute('aria-invalid'), 'true');
  await page.getByText('Enter the name that the others will see.').waitFor();
  await name.fill('Ana');
  await page.getByRole('button', { name: 'Join now' }).click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  assert.equal(await tile(page, 'Ana').getAttribute('data-self'), '');
  assert.equal(await tile(page, 'Ana').getAttribute('data-track-state'), 'off');
  assert.deepEqual(page.errors, []);
  await page.close();
});

test('the name is filled in by the server, in another tab too, without storage', async () => {
  const visitor = `A"n<a> & 'Z'`;
  const context = await browser.newContext();
  const page = await open(context, `${server.url}/?room=cookie`);
  await page.getByRole('textbox', { name: 'Your name' }).fill(visitor);
  await page.getByRole('button', { name: 'Join now' }).click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await page.evaluate(() => {
    localStorage.clear();
    sessionStorage.clear();
  });
  const other = await open(context, `${server.url}/?room=elsewhere`);
  assert.equal(await other.getByRole('textbox', { name: 'Your name' }).inputValue(), visitor);
  await page.reload();
  assert.equal(await page.getByRole('textbox', { name: 'Your name' }).inputValue(), visitor);
  const cookies = await context.cookies();
  assert.ok(cookies.length > 0 && cookies.every((c) => c.httpOnly && c.sameSite === 'Lax'), JSON.stringify(cookies));
  // A forged one is a new visitor, not an error.
  await context.addCookies(cookies.map((c) => ({ ...c, value: `${c.value.slice(0, -4)}AAAA` })));
  const forged = await open(context, `${server.url}/?room=forged`);
  assert.equal(await forged.getByRole('textbox', { name: 'Your name' }).inputValue(), '');
  await context.close();
});

test('a blocked camera is explained, and one joins without', async () => {
  const strict = await startBrowser(fakeDevices); // nobody answers the prompt
  const context = await strict.newContext();
  const cdp = await strict.newBrowserCDPSession();
  const page = await context.newPage();
  await page.goto(server.url);
  const { targetInfos } = await cdp.send('Target.getTargets');
  const browserContextId = targetInfos.find((t) => t.url.startsWith(server.url))?.browserContextId;
  for (const name of ['camera', 'microphone']) {
    await cdp.send('Browser.setPermission', { permission: { name }, setting: 'denied', origin: server.url, browserContextId });
  }
  await page.goto(`${server.url}/?room=blocked`);
  await page.getByText('Camera blocked. You can still join; click the camera icon in the address bar to allow it.').waitFor();
  assert.deepEqual(await violations(page), []);
  await page.screenshot({ path: `${out}lobby-blocked.png` });
  await page.getByRole('textbox', { name: 'Your name' }).fill('Ana');
  await page.getByRole('button', { name: 'Join without camera' }).click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
});

test('the toolbar is one stop of the Tab key, and arrows move in it', async () => {
  const page = await join(browser, server.url, 'keys', 'Ana');
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  await page.getByRole('toolbar').getByRole('button', { name: 'Microphone' }).focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'Camera');
  await page.keyboard.press('End');
  assert.equal(await focused(), 'Leave');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'Microphone');
  assert.equal(await page.getByRole('toolbar').locator('[tabindex="0"]').count(), 1);
  await page.close();
});

for (const scheme of /** @type {const} */ (['light', 'dark'])) {
  describe(`in ${scheme} colours`, () => {
    /** @type {import('playwright-core').BrowserContext} */
    let context;
    before(async () => {
      context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1280, height: 800 } });
    });
    after(() => context.close());

    /** @param {import('playwright-core').Page} page @param {string} name */
    const look = async (page, name) => {
      await page.screenshot({ path: `${out}${name}-${scheme}.png` });
      assert.deepEqual(await violations(page), [], name);
    };

    test('home', async () => {
      await look(await open(context, server.url), 'home');
    });

    test('lobby', async () => {
      const page = await open(context, `${server.url}/?room=blue-fox-42&name=Ana`);
      await until('the preview plays', () => page.getByLabel('Your camera').evaluate((/** @type {HTMLVideoElement} */ v) => v.videoWidth > 0));
      await look(page, 'lobby');
    });

    test('room, alone and together, chat, narrow, left', async () => {
      const room = `look-${scheme}`;
      const page = await join(context, server.url, room, 'Ana');
      await page.getByText('Nobody else is here yet.').waitFor();
      await look(page, 'room-alone');
      const others = [];
      for (const name of ['Bo', 'Cy']) {
        others.push(await join(browser, server.url, room, name));
        await until(`${name} is live`, async () => (await tile(page, name).getAttribute('data-track-state')) === 'live');
      }
      await until('all pictures are there', () => page.evaluate(() => [...document.querySelectorAll('video')].every((v) => v.videoWidth > 0)));
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
      await page.setViewportSize({ width: 320, height: 568 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), 'no sideways scrolling');
      await page.getByRole('button', { name: 'Leave' }).click();
      await page.getByRole('button', { name: 'Rejoin' }).waitFor();
      await look(page, 'left');
      await Promise.all(others.map((p) => p.close()));
    });
  });
}
