// @ts-check
// Talking without talking: hands, reactions, chat, polls and captions, between a
// moderator and a guest.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { violations } from './measure.mjs';
import { cleanUp, errorsOfPages, fakeConsent, join, out, small, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

/** @type {import('playwright-core').Browser} */
let browser;
let url = '';
/** @type {Page} */
let ana;
/** @type {Page} */
let bo;

before(async () => {
  ({ url } = await startServer());
  browser = await startBrowser(['--use-fake-device-for-media-stream=fps=5', ...fakeConsent]);
  ana = await join(browser, url, 'talk', 'Ana');
  const context = await browser.newContext({ viewport: small });
  await context.addInitScript(recognise);
  bo = await join(context, url, 'talk', 'Bo');
});
after(cleanUp);

/** @param {Page} page @param {string} name @param {object} [o] */
const button = (page, name, o = {}) => page.getByRole('button', { name, exact: true, ...o });

/** Looks in both colour schemes, wide and on a phone. @param {Page} page @param {string} name */
async function look(page, name) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${out}${name}-${colorScheme}.png`, animations: 'disabled' });
    assert.deepEqual(await violations(page), [], `${name} in ${colorScheme}`);
  }
  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: no sideways scrolling`);
  await page.screenshot({ path: `${out}${name}-phone.png`, animations: 'disabled' });
  await page.setViewportSize(small);
  await page.emulateMedia({ colorScheme: null });
}

/** An item of the menu that is open. @param {Page} page @param {'menuitem'|'menuitemcheckbox'} role @param {string} name */
function more(page, role, name) {
  return page.getByRole('menu').getByRole(role, { name, exact: true });
}

/** @param {Page} page @param {'menuitem'|'menuitemcheckbox'} role @param {string} name */
async function pick(page, role, name) {
  await button(page, 'More').click();
  await more(page, role, name).click();
}

/** A recognition of speech that hears what it is told: this browser has none without a network. */
function recognise() {
  Object.assign(window, {
    SpeechRecognition: class {
      /** @type {any} */
      onresult = null;

      start() {
        const hear = (/** @type {string} */ transcript, /** @type {boolean} */ isFinal) =>
          this.onresult({ resultIndex: 0, results: [Object.assign([{ transcript }], { isFinal })] });
        Object.assign(globalThis, { hear });
      }

      abort() {
        Object.assign(globalThis, { hear: undefined });
      }
    },
  });
}

test('a hand is seen on the tile, in the queue and by moderators', { timeout: 180_000 }, async () => {
  await button(bo, 'Raise hand').click();
  await button(bo, 'Raise hand', { pressed: true }).waitFor();
  await ana.getByText('Bo raised a hand').waitFor();
  await tile(ana, 'Bo').first().getByRole('img', { name: 'Hand raised' }).waitFor();
  await button(ana, 'People').click();
  const people = ana.getByRole('list', { name: 'In the meeting' });
  await people.getByRole('img', { name: 'Hand raised, number 1' }).waitFor();
  assert.match(await people.getByRole('listitem').first().innerText(), /Bo/, 'who raised a hand comes first');
  await button(ana, 'Actions for Bo').click();
  await ana.getByRole('menuitem', { name: 'Lower hand' }).click();
  await button(ana, 'People').click();
  await button(bo, 'Raise hand', { pressed: false }).waitFor();
  await bo.keyboard.press('h');
  await button(bo, 'Raise hand', { pressed: true }).waitFor();
  await bo.keyboard.press('h');
  await button(bo, 'Raise hand', { pressed: false }).waitFor();
  await tile(ana, 'Bo').first().getByRole('img', { name: 'Hand raised' }).waitFor({ state: 'hidden' });
});

test('a reaction rises over the tile, is said and goes', { timeout: 180_000 }, async () => {
  await button(bo, 'React').click();
  assert.equal(await bo.getByRole('menu').getByRole('menuitem').count(), 6);
  await bo.screenshot({ path: `${out}talk-react.png`, animations: 'disabled' });
  await bo.getByRole('menuitem', { name: 'Applause' }).click();
  await tile(ana, 'Bo').first().getByText('👏').waitFor();
  await ana.getByRole('status').filter({ hasText: 'Bo reacted: Applause.' }).waitFor({ state: 'attached' });
  await tile(bo, 'Bo').first().getByText('👏').waitFor({ state: 'attached' });
  await tile(ana, 'Bo').first().getByText('👏').waitFor({ state: 'detached' });
});

test('avatars differ, and are the same for everybody', async () => {
  const colour = (/** @type {Page} */ page, /** @type {string} */ name) =>
    tile(page, name).first().locator('.avatar').evaluate((e) => getComputedStyle(e).backgroundColor);
  const [a, b] = [await colour(ana, 'Ana'), await colour(ana, 'Bo')];
  assert.notEqual(a, b);
  assert.deepEqual([await colour(bo, 'Ana'), await colour(bo, 'Bo')], [a, b]);
});

/** Somebody who comes by HTTP alone, to publish. @param {Page} page from which that is done */
const streams = (page) => page.evaluate(async () => {
  const pc = new RTCPeerConnection();
  pc.addTransceiver('audio', { direction: 'sendonly' });
  await pc.setLocalDescription();
  const answer = await fetch('/whip/talk', { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: pc.localDescription?.sdp });
  const at = answer.headers.get('Location') ?? '';
  Object.assign(window, { hangUp: () => fetch(at, { method: 'DELETE' }).then(() => pc.close()) });
  return answer.status;
});

test('who reads no chat is not written to', { timeout: 60_000 }, async () => {
  assert.equal(await streams(ana), 201);
  await until('it is there', () => ana.evaluate(() => /** @type {any} */ (window).switchyard.room.members.length === 3));
  await button(ana, 'Chat').click();
  const to = ana.getByRole('combobox', { name: 'To' });
  assert.deepEqual(await to.locator('option').allTextContents(), ['Everyone', 'Bo']);
  await button(ana, 'Chat').click();
  await ana.evaluate(() => /** @type {any} */ (window).hangUp());
  await until('it is gone', () => ana.evaluate(() => /** @type {any} */ (window).switchyard.room.members.length === 2));
});

test('messages for one alone, links and files', { timeout: 180_000 }, async () => {
  await button(ana, 'Chat').click();
  await button(bo, 'Chat').click();
  const write = async (/** @type {Page} */ page, /** @type {string} */ text) => {
    await page.getByRole('textbox', { name: 'Message' }).fill(text);
    await button(page, 'Send').click();
  };
  const log = (/** @type {Page} */ page) => page.getByRole('log', { name: 'Chat' });
  await bo.getByRole('combobox', { name: 'To' }).selectOption('Ana');
  await write(bo, 'between us');
  await log(ana).getByText('Bo to You (privately): between us').waitFor();
  await log(bo).getByText('You to Ana (privately): between us').waitFor();
  await bo.getByRole('combobox', { name: 'To' }).selectOption('Everyone');
  await write(bo, 'see https://a.example/x, not javascript:alert(1) <img src=x>');
  await log(ana).getByText('not javascript:alert(1) <img src=x>').waitFor();
  const link = log(ana).getByRole('link', { name: 'https://a.example/x', exact: true });
  assert.deepEqual(await link.evaluate((/** @type {HTMLAnchorElement} */ a) => [a.href, a.rel, a.target]), ['https://a.example/x', 'noopener noreferrer nofollow', '_blank']);
  assert.equal(await log(ana).getByRole('link').count(), 1);

  const [chooser] = await Promise.all([bo.waitForEvent('filechooser'), button(bo, 'Attach a file').click()]);
  await chooser.setFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('the plan') });
  const file = log(ana).getByRole('link', { name: /plan\.txt/ });
  await file.waitFor();
  const [download] = await Promise.all([ana.waitForEvent('download'), file.click()]);
  assert.equal(download.suggestedFilename(), 'plan.txt');
  const [again] = await Promise.all([bo.waitForEvent('filechooser'), button(bo, 'Attach a file').click()]);
  await again.setFiles({ name: 'film.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(11 << 20) });
  await bo.getByRole('alert').filter({ hasText: /“film\.bin” was not sent\. A file has at most 10 ?MB\./ }).waitFor();

  const cy = await join(browser, url, 'talk', 'Cy');
  await button(cy, 'Chat').click();
  await log(cy).getByText('see https://a.example/x').waitFor();
  assert.equal(await log(cy).getByText('between us').count(), 0, 'who comes late gets what was for all');
  await cy.close();
  await look(ana, 'talk-chat');
  await button(ana, 'Chat').click();
  await button(bo, 'Chat').click();
});

test('a poll is opened, voted on and closed', { timeout: 180_000 }, async () => {
  await button(bo, 'More').click();
  await bo.getByRole('menu').waitFor();
  assert.equal(await more(bo, 'menuitem', 'Polls').count(), 0, 'nothing to vote on, and nothing to open');
  await bo.keyboard.press('Escape');
  await pick(ana, 'menuitem', 'Polls');
  const asking = ana.getByRole('dialog', { name: 'Polls' });
  await asking.getByRole('textbox', { name: 'Question' }).fill('Lunch?');
  await button(ana, 'Add choice').click();
  for (const [i, text] of ['Soup', 'Salad', 'Bread'].entries()) {
    await asking.getByRole('textbox', { name: `Choice ${i + 1}` }).fill(text);
  }
  await button(ana, 'Open poll').click();
  await bo.getByRole('alert').filter({ hasText: 'A poll: Lunch?' }).getByRole('button', { name: 'Vote' }).click();
  const voting = bo.getByRole('dialog', { name: 'Polls' });
  assert.equal(await voting.getByText('%').count(), 0, 'nothing is told before the vote');
  await voting.getByRole('radio', { name: 'Salad' }).check();
  await button(bo, 'Vote').click();
  await voting.getByText('1 (100 %)').waitFor();
  await asking.getByText('1 (100 %)').waitFor();
  await asking.getByText('Bo', { exact: true }).waitFor();
  await look(ana, 'talk-poll');
  await button(ana, 'Close poll').click();
  await voting.getByText('1 vote · Closed').waitFor();
  await bo.keyboard.press('Escape');
  await ana.keyboard.press('Escape');
  await voting.waitFor({ state: 'detached' });
});

test('captions of one who speaks are shown to who wants them', { timeout: 180_000 }, async () => {
  await pick(ana, 'menuitemcheckbox', 'Captions');
  await pick(bo, 'menuitemcheckbox', 'Caption what I say');
  await bo.evaluate(() => /** @type {any} */ (globalThis).hear('good', false));
  const region = (/** @type {Page} */ page) => page.getByRole('region', { name: 'Captions' });
  await region(ana).getByText('Bo good').waitFor();
  await bo.evaluate(() => /** @type {any} */ (globalThis).hear('good morning', true));
  await region(ana).getByText('Bo good morning').waitFor();
  assert.equal(await region(ana).getByRole('paragraph').count(), 1, 'the newer words take the place of the older');
  await region(bo).getByText('Bo good morning').waitFor();
  await ana.screenshot({ path: `${out}talk-captions.png`, animations: 'disabled' });
  assert.equal(await region(ana).getAttribute('aria-live'), 'off');
  const announced = ana.getByRole('log', { name: 'Captions' });
  assert.equal(await announced.textContent(), '', 'whoever listens hears the voice');
  await pick(ana, 'menuitem', 'Settings');
  await ana.getByRole('tab', { name: 'Language' }).click();
  await ana.getByRole('checkbox', { name: 'Screen readers announce captions' }).check();
  await ana.keyboard.press('Escape');
  await bo.evaluate(() => /** @type {any} */ (globalThis).hear('good', false));
  await bo.evaluate(() => /** @type {any} */ (globalThis).hear('good evening', true));
  await announced.getByText('Bo: good evening', { exact: true }).waitFor({ state: 'attached' });
  await bo.keyboard.press('m');
  await button(bo, 'Microphone', { pressed: false }).waitFor();
  assert.equal(await bo.evaluate(() => /** @type {any} */ (globalThis).hear), undefined, 'who is muted is not listened to');
  await region(ana).waitFor({ state: 'hidden' });
});

test('no page reports an error', () => {
  assert.deepEqual(errorsOfPages(), []);
});
