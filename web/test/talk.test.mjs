// @ts-check
// Talking without talking: hands, reactions, chat, polls and captions, between a
// moderator and a guest.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cleanUp, errorsOfPages, fakeConsent, join, startBrowser, startServer, tile } from './support.mjs';
/** @import {Page} from 'playwright-core' */

/** @type {Page} */
let ana;
/** @type {Page} */
let bo;

before(async () => {
  const { url } = await startServer();
  const browser = await startBrowser(['--use-fake-device-for-media-stream=fps=5', ...fakeConsent]);
  ana = await join(browser, url, 'talk', 'Ana');
  bo = await join(browser, url, 'talk', 'Bo');
});
after(cleanUp);

/** @param {Page} page @param {string} name @param {object} [o] */
const button = (page, name, o = {}) => page.getByRole('button', { name, exact: true, ...o });

test('a hand is seen on the tile, in the queue and by moderators', { timeout: 180_000 }, async () => {
  await button(bo, 'Raise hand').click();
  await button(bo, 'Raise hand', { pressed: true }).waitFor();
  await ana.getByText('Bo raised a hand').waitFor();
  await tile(ana, 'Bo').first().getByRole('img', { name: 'Hand raised' }).waitFor();
  await button(ana, 'People').click();
  const people = ana.getByRole('list', { name: 'In the meeting' });
  await people.getByRole('img', { name: 'Hand raised, number 1' }).waitFor();
  assert.match(await people.getByRole('listitem').first().innerText(), /Bo/, 'who raised a hand comes first');
  await button(ana, 'People').click();
  await bo.keyboard.press('h');
  await button(bo, 'Raise hand', { pressed: false }).waitFor();
  await tile(ana, 'Bo').first().getByRole('img', { name: 'Hand raised' }).waitFor({ state: 'hidden' });
});

test('a reaction rises over the tile, is said and goes', { timeout: 180_000 }, async () => {
  await button(bo, 'React').click();
  assert.equal(await bo.getByRole('menu').getByRole('menuitem').count(), 6);
  await bo.getByRole('menuitem', { name: 'Applause' }).click();
  await tile(ana, 'Bo').first().getByText('👏').waitFor();
  await ana.getByRole('status').filter({ hasText: 'Bo reacted: Applause.' }).waitFor({ state: 'attached' });
  await tile(bo, 'Bo').first().getByText('👏').waitFor({ state: 'attached' });
  await tile(ana, 'Bo').first().getByText('👏').waitFor({ state: 'detached' });
});

test('no page reports an error', () => {
  assert.deepEqual(errorsOfPages(), []);
});
