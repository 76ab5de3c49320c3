// @ts-check
// The screens of the page: what they say, and where they lead.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cleanUp, errorsOfPages, join, open, small, startBrowser, startServer, tile, until } from './support.mjs';

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

test('a name of markup or from right to left is text, in tiles and chat', async () => {
  const [page, other] = await Promise.all(
    ['<img src=x onerror=alert(1)>', 'ليلى حداد'].map((name) => join(browser, server.url, 'names', name)));
  await tile(page, 'ليلى حداد').waitFor();
  await tile(other, '<img src=x onerror=alert(1)>').waitFor();
  assert.equal(await other.locator('img[src]').count(), 0);
  await other.getByRole('button', { name: 'Chat', exact: true }).click();
  await page.getByRole('button', { name: 'Chat', exact: true }).click();
  await page.getByRole('textbox', { name: 'Message' }).fill('<script>alert(1)</script>');
  await page.keyboard.press('Enter');
  await other.getByRole('log').getByText('<img src=x onerror=alert(1)>: <script>alert(1)</script>').waitFor();
  await Promise.all([page.close(), other.close()]);
});

test('chat shows what the server has, tells what it refused, and a bye tells why', async () => {
  const context = await browser.newContext({ viewport: small });
  /** @type {import('playwright-core').WebSocketRoute|undefined} */
  let socket;
  /** What the server said to a message, held back. @type {(() => void)|undefined} */
  let held;
  await context.routeWebSocket(/socket\.io/, (ws) => {
    const toServer = ws.connectToServer();
    socket = ws;
    ws.onMessage((m) => {
      const [, id] = /^42(\d+)\["new_message".*"text":"no"/.exec(String(m)) ?? [];
      if (id) {
        ws.send(`43${id}[{"ok":false,"code":"rate_limited","message":"slow down","retry_after_ms":200}]`);
      } else {
        toServer.send(m);
      }
    });
    toServer.onMessage((m) => {
      if (/^43\d+\[\{.*"ts":/.test(String(m)) && !String(m).includes('"self"')) {
        held = () => ws.send(m);
      } else {
        ws.send(m);
      }
    });
  });
  const page = await join(context, server.url, 'acks', 'Ana');
  await page.getByRole('button', { name: 'Chat', exact: true }).click();
  const box = page.getByRole('textbox', { name: 'Message' });
  const log = page.getByRole('log');
  await box.fill('yes');
  await box.press('Enter');
  await until('the server has answered', () => held !== undefined);
  assert.equal(await log.getByText('You: yes').count(), 0, 'not before the acknowledgement');
  assert.equal(await box.inputValue(), 'yes');
  held?.();
  await log.getByText('You: yes').waitFor();
  assert.equal(await box.inputValue(), '');
  await box.fill('no');
  await box.press('Enter');
  await page.getByRole('alert').getByText('The message was not sent. That was too much at once. Wait a moment.').waitFor();
  assert.equal(await box.inputValue(), 'no', 'the text stays');
  assert.equal(await log.getByText('You: no').count(), 0);
  socket?.send('42["bye",{"code":"kicked","message":"out","reconnect":"no"}]');
  await page.getByText('The call in acks has ended.').waitFor();
  await page.getByRole('alert').getByText('A moderator removed you from the room.').waitFor();
  await context.close();
});

test('leaving and rejoining leaves nothing behind', async () => {
  const page = await join(browser, server.url, 'leaks', 'Ana');
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const round = async () => {
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('button', { name: 'Rejoin' }).click();
    await page.getByRole('button', { name: 'Join now' }).click();
    await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  };
  const counts = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await cdp.send('Performance.getMetrics');
    return Object.fromEntries(metrics.filter((m) => ['Nodes', 'JSEventListeners'].includes(m.name)).map((m) => [m.name, m.value]));
  };
  await round();
  const early = await counts();
  for (let i = 0; i < 4; i++) {
    await round();
  }
  // A call has some 150 nodes; what is still being closed may be there once.
  await until('nothing has grown', async () => {
    const late = await counts();
    return Object.keys(early).every((k) => late[k] < early[k] * 1.5);
  });
  await page.close();
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
