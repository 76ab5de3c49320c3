// @ts-check
// Files in the chat, as they come from a desktop: dropped, pasted, stopped.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { after, before, test } from 'node:test';
import { atEnd, cleanUp, errorsOfPages, fakeConsent, join, small, startBrowser, startServer, until } from './support.mjs';
/** @import {CDPSession, Page} from 'playwright-core' */

/** Sends. @type {Page} */
let ana;
/** Receives. @type {Page} */
let bo;
/** What makes the browser of Ana believe in a desktop and a slow line. @type {CDPSession} */
let desktop;
/** Of the files on the desktop. */
let folder = '';

before(async () => {
  folder = mkdtempSync(pathOf(tmpdir(), 'switchyard-files-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  const { url } = await startServer();
  const browser = await startBrowser(['--use-fake-device-for-media-stream=fps=5', ...fakeConsent]);
  const context = await browser.newContext({ viewport: small, permissions: ['camera', 'microphone', 'clipboard-read', 'clipboard-write'] });
  ana = await join(context, url, 'files', 'Ana');
  bo = await join(browser, url, 'files', 'Bo');
  desktop = await context.newCDPSession(ana);
  await desktop.send('Network.enable');
  await button(ana, 'Chat').click();
  await button(bo, 'Chat').click();
}, { timeout: 120_000 });
after(cleanUp);

/** @param {Page} page @param {string} name */
const button = (page, name) => page.getByRole('button', { name, exact: true });
/** @param {Page} page */
const log = (page) => page.getByRole('log', { name: 'Chat' });
const panel = () => ana.getByRole('complementary', { name: 'Chat' });

/** Puts a file onto the desktop. @param {string} name @param {number} size in bytes @returns {string} its path */
function put(name, size) {
  const path = pathOf(folder, name);
  writeFileSync(path, Buffer.alloc(size, 'x'));
  return path;
}

/**
 * Drags files from the desktop over a place of the page, and perhaps lets them go.
 * @param {import('playwright-core').Locator} place @param {string[]} files
 * @param {('dragEnter'|'dragOver'|'drop')[]} steps
 */
async function drag(place, files, steps) {
  const box = await place.boundingBox();
  assert.ok(box);
  for (const type of steps) {
    await desktop.send('Input.dispatchDragEvent', {
      type, x: box.x + box.width / 2, y: box.y + box.height / 2, data: { items: [], files, dragOperationsMask: 1 },
    });
  }
}

/** How fast what Ana sends goes. @param {number} rate in bytes a second, -1 for any */
const line = (rate) => desktop.send('Network.emulateNetworkConditions',
  { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: rate });

test('files are dropped on the chat, all of them arrive', async () => {
  const files = [put('timetable.txt', 400), put('map of the harbour.bin', 70_000)];
  const outline = () => panel().evaluate((e) => getComputedStyle(e).outlineStyle);
  await drag(panel(), files, ['dragEnter', 'dragOver']);
  await until('the panel shows that it takes them', async () => (await outline()) === 'dashed');
  await drag(ana.getByRole('region', { name: 'Stage' }), files, ['dragOver']);
  await until('and no longer', async () => (await outline()) !== 'dashed');
  assert.equal(await log(bo).getByRole('link').count(), 0, 'nothing was let go');
  await drag(panel(), files, ['dragEnter', 'dragOver', 'drop']);
  for (const name of [/timetable\.txt/, /map of the harbour\.bin/]) {
    await log(bo).getByRole('link', { name }).waitFor();
    await log(ana).getByRole('link', { name }).waitFor();
  }
  const [download] = await Promise.all([bo.waitForEvent('download'), log(bo).getByRole('link', { name: /harbour/ }).click()]);
  assert.equal(download.suggestedFilename(), 'map of the harbour.bin');
  assert.notEqual(await outline(), 'dashed');
});

test('a file that misses the chat does not take the page away', async () => {
  const before = ana.url();
  const pages = ana.context().pages().length;
  await drag(ana.getByRole('region', { name: 'Stage' }), [put('astray.txt', 10)], ['dragEnter', 'dragOver', 'drop']);
  await ana.getByRole('textbox', { name: 'Message' }).fill('still here');
  await ana.keyboard.press('Enter');
  await log(bo).getByText('still here').waitFor();
  assert.equal(ana.url(), before);
  assert.equal(ana.context().pages().length, pages, 'nor does it open another one');
  assert.equal(await log(bo).getByRole('link', { name: /astray/ }).count(), 0);
});

test('a picture is pasted into the message', async () => {
  await ana.evaluate(async () => {
    const canvas = new OffscreenCanvas(64, 64);
    /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d')).fillRect(8, 8, 48, 48);
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': await canvas.convertToBlob() })]);
  });
  const message = ana.getByRole('textbox', { name: 'Message' });
  await message.fill('as you see');
  await message.press('Control+v');
  const picture = log(bo).getByRole('link', { name: /\.png/ });
  await picture.waitFor();
  const answer = await bo.request.get((await picture.evaluate((/** @type {HTMLAnchorElement} */ a) => a.href)));
  assert.equal(answer.headers()['content-type'], 'image/png');
  assert.deepEqual([...(await answer.body()).subarray(1, 4)], [...Buffer.from('PNG')]);
  assert.equal(await message.inputValue(), 'as you see', 'what was written is there still');
  await ana.evaluate(() => navigator.clipboard.writeText(', from the pier'));
  await message.press('Control+v');
  assert.equal(await message.inputValue(), 'as you see, from the pier', 'text is pasted as ever');
  await message.fill('');
});

test('one too large keeps the next from nothing, and each that was not sent is named', async () => {
  await drag(panel(), [put('film.bin', 11 << 20), put('notes.txt', 90), put('empty.txt', 0)], ['dragEnter', 'dragOver', 'drop']);
  await log(bo).getByRole('link', { name: /notes\.txt/ }).waitFor();
  const alert = panel().getByRole('alert');
  await alert.filter({ hasText: /“film\.bin” was not sent\. A file has at most 10 ?MB\./ }).waitFor();
  await alert.filter({ hasText: '“empty.txt” was not sent. It is empty.' }).waitFor();
});

test('sending is stopped half-way; what waits behind it is not sent, what comes later is', { timeout: 60_000 }, async () => {
  await line(400_000);
  await drag(panel(), [put('large.bin', 8 << 20), put('behind.txt', 20)], ['dragEnter', 'dragOver', 'drop']);
  const bar = panel().getByRole('progressbar', { name: 'Sending the file' });
  await panel().getByText('large.bin').waitFor();
  await until('a part of it is under way', async () => {
    const part = await bar.evaluate((/** @type {HTMLProgressElement} */ p) => p.value);
    return part > 0.02 && part < 1;
  });
  await button(ana, 'Stop sending').click();
  await panel().getByRole('alert').filter({ hasText: '“large.bin” was not sent. You stopped it. “behind.txt” was not sent. You stopped it.' }).waitFor();
  await bar.waitFor({ state: 'hidden' });
  assert.ok(await button(ana, 'Attach a file').evaluate((b) => b === document.activeElement), 'the focus is not lost');
  await line(-1);
  await drag(panel(), [put('later.txt', 30)], ['dragEnter', 'dragOver', 'drop']);
  await log(bo).getByRole('link', { name: /later\.txt/ }).waitFor();
  assert.equal(await log(bo).getByRole('link', { name: /large\.bin|behind\.txt/ }).count(), 0);
  assert.equal(await panel().getByRole('alert').filter({ hasText: /./ }).count(), 0, 'what was said before is gone');
});

test('what could not be sent is sent again by a press of a button', async () => {
  await ana.route('**/files/**', (route) => route.abort());
  await drag(panel(), [put('first.txt', 20), put('second.txt', 20)], ['dragEnter', 'dragOver', 'drop']);
  await panel().getByRole('alert').filter({ hasText: '“second.txt” was not sent. There is no connection to the server.' }).waitFor();
  await ana.unroute('**/files/**');
  await button(ana, 'Try again').click();
  for (const name of [/first\.txt/, /second\.txt/]) {
    await log(bo).getByRole('link', { name }).waitFor();
  }
  assert.equal(await panel().getByRole('alert').filter({ hasText: /./ }).count(), 0);
  assert.equal(await button(ana, 'Try again').count(), 0);
  assert.ok(await button(ana, 'Attach a file').evaluate((b) => b === document.activeElement), 'the focus is not lost');
});

test('no page has reported an error but the files that were kept back', () =>
  assert.deepEqual(errorsOfPages(/net::ERR_FAILED \(.*\/files\/files\?name=(first|second)\.txt/), []));
