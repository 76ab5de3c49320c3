// @ts-check
// What moderators do in the page, and what those see to whom it is done.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import jsqr from 'jsqr';
import { io } from 'socket.io-client';
import { seesAndHears, violations } from './measure.mjs';
import { atEnd, build, cleanUp, errorsOfPages, fakeConsent, ghost, join, open, out, small, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Locator, Page} from 'playwright-core' */

/** Without keys, and with. @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {Awaited<ReturnType<typeof startServer>>} */
let gate;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  process.env.SWITCHYARD_AUTH_KEYS = execFileSync(build(), ['keygen'], { encoding: 'utf8' }).trim();
  gate = await startServer();
  // Looks are judged of single pictures; few of them leave the processors to the pages.
  browser = await startBrowser(['--use-fake-device-for-media-stream=fps=5', ...fakeConsent]);
});
after(cleanUp);

/** @param {Page} page @param {string} name @param {object} [o] */
const button = (page, name, o = {}) => page.getByRole('button', { name, exact: true, ...o });

/** @param {Page} page */
const panel = (page) => page.getByRole('complementary', { name: 'People' });

/** @param {Page} page @param {string} name */
const row = (page, name) => panel(page).getByRole('list', { name: 'In the meeting' }).getByRole('listitem').filter({ hasText: name });

/** @param {Page} page @param {string} name @param {string} action */
async function act(page, name, action) {
  await button(page, `Actions for ${name}`).click();
  await page.getByRole('menu').getByRole(/^May /.test(action) ? 'menuitemcheckbox' : 'menuitem', { name: action, exact: true }).click();
}

/**
 * Opens the actions for a member until there is one in the state that is told: what
 * is in a menu is what was known when it was opened.
 * @param {Page} page @param {string} name @param {(menu: Locator) => Locator} find
 */
async function menuHas(page, name, find) {
  await until('the menu is as it should be', async () => {
    await button(page, `Actions for ${name}`).click();
    if (await find(page.getByRole('menu')).count() > 0) {
      return true;
    }
    await page.keyboard.press('Escape');
    return false;
  });
}

/** @param {Page} page @param {string} action */
async function meeting(page, action) {
  await button(page, 'Meeting').click();
  await page.getByRole('menu').getByText(action, { exact: true }).click();
}

/**
 * Looks in both colour schemes, wide and on a phone.
 * @param {Page} page @param {string} name @param {() => Promise<void>} [again] opens what a change of size closes
 */
async function look(page, name, again) {
  for (const [size, viewport] of /** @type {const} */ ([['', { width: 1280, height: 800 }], ['-phone', { width: 360, height: 740 }]])) {
    await page.setViewportSize(viewport);
    await again?.();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}${size}: no sideways scrolling`);
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${out}${name}${size}-${colorScheme}.png`, animations: 'disabled' });
      assert.deepEqual(await violations(page), [], `${name}${size} in ${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(small);
}

/**
 * Knocks at a room from here, without any media.
 * @param {string} room @param {string} name
 */
async function knock(room, name) {
  const socket = io(server.url, { transports: ['websocket'], forceNew: true, reconnection: false });
  atEnd(() => socket.disconnect());
  const decided = new Promise((done) => {
    socket.once('admitted', () => done('admitted'));
    socket.once('bye', (e) => done(e.code));
  });
  const ack = await socket.timeout(10_000).emitWithAck('join', { v: 1, room, name });
  assert.equal(ack.code, 'waiting');
  return { socket, decided };
}

test('people, and what a moderator does to their devices and rights', { timeout: 240_000 }, async () => {
  const ana = await join(browser, server.url, 'host', 'Ana');
  const bo = await join(browser, server.url, 'host', 'Bo');
  await button(ana, 'People').click();
  await row(ana, 'Ana').getByText('You · Moderator').waitFor();
  await row(ana, 'Bo').getByRole('img', { name: 'Microphone on' }).waitFor();
  await button(bo, 'People').click();
  await row(bo, 'Ana').waitFor();
  assert.equal(await panel(bo).getByRole('button', { name: /^Actions/ }).count(), 0, 'a guest decides about nobody');
  assert.equal(await button(bo, 'Meeting').count(), 0);

  await act(ana, 'Bo', 'Mute');
  await bo.getByText('A moderator muted your microphone.').waitFor();
  await button(bo, 'Microphone', { pressed: false }).waitFor();
  await row(ana, 'Bo').getByRole('img', { name: 'Muted' }).waitFor();
  await act(ana, 'Bo', 'Ask to unmute');
  await bo.getByText('A moderator asks you to unmute your microphone.').waitFor();
  await button(bo, 'Unmute').click();
  await button(bo, 'Microphone', { pressed: true }).waitFor();
  await row(ana, 'Bo').getByRole('img', { name: 'Microphone on' }).waitFor();
  await act(ana, 'Bo', 'Stop camera');
  await button(bo, 'Camera', { pressed: false }).waitFor();
  await act(ana, 'Bo', 'Ask to start camera');
  await button(bo, 'Start camera').click();
  await row(ana, 'Bo').getByRole('img', { name: 'Camera on' }).waitFor();

  await act(ana, 'Bo', 'May speak');
  await bo.getByText('A moderator took a right from you: speak.').waitFor();
  await button(bo, 'Microphone', { pressed: false, disabled: true }).waitFor();
  await row(ana, 'Bo').getByRole('img', { name: 'Muted' }).waitFor();
  await menuHas(ana, 'Bo', (menu) => menu.getByRole('menuitemcheckbox', { name: 'May speak', checked: false }));
  assert.deepEqual(await Promise.all(['May speak', 'May use camera', 'May share screen', 'May chat']
    .map((name) => ana.getByRole('menuitemcheckbox', { name, exact: true }).getAttribute('aria-checked'))), ['false', 'true', 'true', 'true']);
  await ana.getByRole('menuitemcheckbox', { name: 'May speak' }).click();
  await bo.getByText('A moderator gave you a right: speak.').waitFor();
  await button(bo, 'Microphone', { disabled: false }).click();
  await row(ana, 'Bo').getByRole('img', { name: 'Microphone on' }).waitFor();
  await act(ana, 'Bo', 'May chat');
  await bo.getByText('A moderator took a right from you: chat.').waitFor();
  await menuHas(ana, 'Bo', (menu) => menu.getByRole('menuitemcheckbox', { name: 'May chat', checked: false }));
  await ana.getByRole('menuitemcheckbox', { name: 'May chat' }).click();
  await bo.getByText('A moderator gave you a right: chat.').waitFor();

  await act(ana, 'Bo', 'Spotlight for everyone');
  await menuHas(ana, 'Bo', (menu) => menu.getByRole('menuitem', { name: 'End spotlight' }));
  await ana.getByRole('menuitem', { name: 'End spotlight' }).click();
  await menuHas(ana, 'Bo', (menu) => menu.getByRole('menuitem', { name: 'Spotlight for everyone' }));
  await ana.keyboard.press('Escape');
  await look(ana, 'people-menu', () => button(ana, 'Actions for Bo').click());
  await button(ana, 'Actions for Bo').click();
  await ana.keyboard.press('Escape');
  await until('the focus is back on the button', () => button(ana, 'Actions for Bo').evaluate((b) => b === document.activeElement));
  await look(ana, 'people');
  await Promise.all([ana, bo].map((p) => p.close()));
});

test('moderators are made, and people removed and banned', { timeout: 240_000 }, async () => {
  const ana = await join(browser, server.url, 'out', 'Ana');
  const bo = await join(browser, server.url, 'out', 'Bo');
  await button(ana, 'People').click();
  await act(ana, 'Bo', 'Make moderator');
  await bo.getByText('You are a moderator now.').waitFor();
  await button(bo, 'People').click();
  await button(bo, 'Actions for Ana').waitFor();
  await row(ana, 'Bo').getByText('Moderator').waitFor();
  await act(ana, 'Bo', 'Remove as moderator');
  await bo.getByText('You are no moderator any more.').waitFor();
  await button(bo, 'Actions for Ana').waitFor({ state: 'hidden' });

  await act(ana, 'Bo', 'Remove');
  await bo.getByText('A moderator removed you from the room.').waitFor();
  await ana.getByText('Bo was removed.').waitFor();
  await button(bo, 'Rejoin').click();
  await button(bo, 'Join now').click();
  await act(ana, 'Bo', 'Remove and ban');
  const dialog = ana.getByRole('dialog', { name: 'Remove and ban Bo?' });
  await look(ana, 'ban');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await act(ana, 'Bo', 'Remove and ban');
  await dialog.getByRole('combobox', { name: 'For how long' }).selectOption('An hour');
  await dialog.getByRole('button', { name: 'Remove and ban' }).click();
  await bo.getByText('You have been banned from this room.').waitFor();
  await button(bo, 'Rejoin').click();
  await button(bo, 'Join now').click();
  await bo.getByText('You have been banned from this room.').waitFor();
  await button(ana, 'Lift the ban').click();
  await button(bo, 'Try again').click();
  await button(bo, 'Join now').click();
  await row(ana, 'Bo').waitFor();
  await Promise.all([ana, bo].map((p) => p.close()));
});

test('who knocks is let in or sent away, by one of two moderators', { timeout: 240_000 }, async () => {
  const ana = await join(browser, server.url, 'lobby', 'Ana');
  const bo = await join(browser, server.url, 'lobby', 'Bo');
  await button(ana, 'People').click();
  await act(ana, 'Bo', 'Make moderator');
  await meeting(ana, 'Ask before joining');
  await button(ana, 'Chat').click();
  const box = ana.getByRole('textbox', { name: 'Message' });
  await box.pressSequentially('Hel');
  const notice = ana.getByRole('alertdialog', { name: 'Someone wants to join' });
  const cy = await open(browser, `${server.url}/?room=lobby&name=Cy&join`);
  await notice.getByText('Cy').waitFor();
  await box.pressSequentially('lo');
  assert.equal(await box.inputValue(), 'Hello', 'nothing took the focus');
  assert.equal(await notice.getByRole('button', { name: 'Admit all' }).count(), 0);
  await look(ana, 'knock');
  await notice.getByRole('button', { name: 'Admit', exact: true }).click();
  await cy.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await notice.waitFor({ state: 'hidden' });

  const di = await knock('lobby', 'Di');
  await notice.getByText('Di').waitFor();
  await notice.getByRole('button', { name: 'Deny' }).press('Enter');
  assert.equal(await di.decided, 'rejected');
  await notice.waitFor({ state: 'hidden' });
  await ana.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  assert.notEqual(await ana.evaluate(() => document.activeElement?.tagName), 'BODY', 'the focus is kept');

  // The other moderator decides, in the panel.
  const ed = await knock('lobby', 'Ed');
  await notice.getByText('Ed').waitFor();
  await button(bo, 'People').click();
  await button(bo, 'Admit Ed').click();
  assert.equal(await ed.decided, 'admitted');
  await notice.waitFor({ state: 'hidden' });

  const crowd = [await knock('lobby', 'Fay'), await knock('lobby', 'Gus'), await knock('lobby', 'Hal')];
  await notice.getByText('and 2 more').waitFor();
  await button(ana, 'People').click();
  await panel(ana).getByRole('list', { name: 'Waiting' }).getByRole('listitem').nth(2).waitFor();
  await look(ana, 'waiting');
  crowd[1].socket.disconnect(); // gives up
  await notice.getByText('and 1 more').waitFor();
  await notice.getByRole('button', { name: 'Admit all' }).click();
  assert.deepEqual([await crowd[0].decided, await crowd[2].decided], ['admitted', 'admitted']);
  await notice.waitFor({ state: 'hidden' });

  const ida = await knock('lobby', 'Ida');
  await notice.getByText('Ida').waitFor();
  await meeting(ana, 'Ask before joining');
  assert.equal(await ida.decided, 'admitted', 'without a lobby nobody waits');
  await notice.waitFor({ state: 'hidden' });
  await Promise.all([ana, bo, cy].map((p) => p.close()));
});

test('the meeting is locked, muted and ended', { timeout: 240_000 }, async () => {
  const ana = await join(browser, server.url, 'meet', 'Ana');
  const bo = await join(browser, server.url, 'meet', 'Bo');
  await button(ana, 'People').click();
  await meeting(ana, 'Lock meeting');
  for (const page of [ana, bo]) {
    await page.getByRole('img', { name: 'Meeting locked' }).waitFor();
    await page.getByText('The meeting is locked.').waitFor();
  }
  const cy = await open(browser, `${server.url}/?room=meet&name=Cy&join`);
  await cy.getByText('The room is locked.').waitFor();
  await meeting(ana, 'Lock meeting');
  await bo.getByRole('img', { name: 'Meeting locked' }).waitFor({ state: 'hidden' });
  await meeting(ana, 'Mute everyone');
  await button(bo, 'Microphone', { pressed: false }).waitFor();
  assert.equal(await button(ana, 'Microphone', { pressed: true }).count(), 1, 'but not who does it');
  await look(ana, 'meeting-menu', () => button(ana, 'Meeting').click());
  await button(ana, 'Meeting').click();
  await ana.getByRole('menuitem', { name: 'End meeting for all' }).click();
  const dialog = ana.getByRole('dialog', { name: 'End the meeting for all?' });
  await dialog.waitFor();
  await ana.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await meeting(ana, 'End meeting for all');
  await dialog.getByRole('button', { name: 'End meeting' }).click();
  for (const page of [ana, bo]) {
    await page.getByText('A moderator ended the meeting.').waitFor();
  }
  await Promise.all([ana, bo, cy].map((p) => p.close()));
});

/** @param {Page} page @returns {Promise<string|undefined>} what its QR code says to a decoder that is not ours */
async function scanned(page) {
  await page.setViewportSize({ width: 1280, height: 1000 });
  const picture = (await page.getByRole('img', { name: 'QR code of the link' }).screenshot()).toString('base64');
  const { data, width, height } = await page.evaluate(async (picture) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(image, 0, 0);
    return { data: [...context.getImageData(0, 0, image.width, image.height).data], width: image.width, height: image.height };
  }, picture);
  return /** @type {any} */ (jsqr)(new Uint8ClampedArray(data), width, height)?.data;
}

test('invitations of a server with keys: link, QR code, role, number, revoked', { timeout: 240_000 }, async () => {
  const link = execFileSync(build(), ['token', '--room', 'gate', '--name', 'Ana', '--moderator', '--url', gate.url], { encoding: 'utf8' }).trim();
  const ana = await open(browser, link.replace('#', '&name=Ana&join#'));
  await button(ana, 'People').click();
  await button(ana, 'Invite').click();
  const dialog = ana.getByRole('dialog', { name: 'Invite others' });
  const field = dialog.getByRole('textbox', { name: 'Link' });
  assert.equal(await field.count(), 0, 'a plain link would open nothing');
  const make = async (/** @type {string} */ role, /** @type {string} */ people) => {
    await dialog.getByRole('combobox', { name: 'Invite as' }).selectOption(role);
    await dialog.getByRole('combobox', { name: 'People' }).selectOption(people);
    await dialog.getByRole('button', { name: 'Make link' }).click();
    await field.waitFor();
    return field.inputValue();
  };
  const once = await make('Guest', '1');
  assert.match(once, /^http:\/\/127\.0\.0\.1:\d+\/\?room=gate#token=/);
  await look(ana, 'invite');
  assert.equal(await scanned(ana), once);

  const enter = (/** @type {string} */ url, /** @type {string} */ name) => open(browser, url.replace('#', `&name=${name}&join#`));
  const bo = await enter(once, 'Bo');
  await bo.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  const cy = await enter(once, 'Cy');
  await cy.getByText('You could not join').waitFor();

  const watch = await make('Viewer', 'Any number');
  const di = await enter(watch, 'Di');
  await button(di, 'Microphone', { pressed: false, disabled: true }).waitFor();
  await di.getByText('You are here to watch and listen.').waitFor();
  await dialog.getByRole('button', { name: /^Revoke invitation: Viewer/ }).click();
  await dialog.getByText('The invitation lets nobody in any more.').waitFor();
  const ed = await enter(watch, 'Ed');
  await ed.getByText('You could not join').waitFor();
  assert.equal(await dialog.getByRole('list', { name: 'Invitations made here' }).getByRole('listitem').count(), 1);
  await dialog.getByRole('button', { name: 'Close' }).click();

  await button(bo, 'People').click();
  await button(bo, 'Invite').click();
  assert.equal(await bo.getByRole('dialog', { name: 'Invite others' }).getByRole('textbox', { name: 'Link' }).inputValue(), `${gate.url}/?room=gate`);
  assert.equal(await bo.getByRole('combobox').count(), 0, 'a guest makes no invitations');
  // Who is asked to speak gets the right to.
  await act(ana, 'Di', 'May speak');
  await button(di, 'Microphone', { disabled: false }).click();
  await row(ana, 'Di').getByRole('img', { name: 'Microphone on' }).waitFor();
  await Promise.all([ana, bo, cy, di, ed].map((p) => p.close()));
});

test('breakout rooms: divided, told, visited, left and closed', { timeout: 240_000 }, async () => {
  const ana = await join(browser, server.url, 'split', 'Ana');
  const bo = await join(browser, server.url, 'split', 'Bo');
  await tile(ana, 'Bo').waitFor();
  await button(ana, 'People').click();
  await meeting(ana, 'Breakout rooms');
  const dialog = ana.getByRole('dialog', { name: 'Breakout rooms' });
  const place = (/** @type {string} */ name) => dialog.getByRole('combobox', { name: `Room of ${name}`, exact: true });
  await dialog.getByRole('spinbutton', { name: 'Number of rooms' }).fill('3');
  await dialog.getByRole('button', { name: 'Assign at random' }).click();
  assert.notEqual(await place('Bo').inputValue(), '0');
  assert.equal(await place('Ana (you)').inputValue(), '0', 'moderators look after all of them');
  await place('Bo').selectOption('Room 2');
  await dialog.getByRole('combobox', { name: 'Time' }).selectOption('5 minutes');
  await look(ana, 'breakout');
  await button(bo, 'Chat').click();
  await bo.getByRole('combobox', { name: 'To' }).selectOption('Ana');
  await bo.getByRole('textbox', { name: 'Message' }).fill('between us');
  await button(bo, 'Chat').click();
  await dialog.getByRole('button', { name: 'Open rooms' }).click();
  await bo.getByRole('heading', { name: 'split · Room 2' }).waitFor();
  await bo.getByRole('region', { name: 'Breakout rooms' }).getByText(/^4:\d\d$/).waitFor();
  await bo.getByText('Nobody else is here yet.').waitFor();
  assert.equal(new URL(bo.url()).searchParams.get('room'), 'split', 'what is copied leads to the main room');
  await until('the moderator sees where Bo is', async () => (await place('Bo').inputValue()) === 'split.2');
  await dialog.getByText(/^4:\d\d left$/).waitFor();
  await dialog.getByRole('textbox', { name: 'Message to all rooms' }).fill('Two minutes');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.getByText('All rooms have got the message.').waitFor();
  await button(bo, 'Chat').click();
  await bo.getByRole('log').getByText('Ana: Two minutes').waitFor();
  await bo.getByRole('textbox', { name: 'Message' }).and(bo.getByPlaceholder('Write to everyone')).waitFor();
  assert.equal(await bo.getByRole('textbox', { name: 'Message' }).inputValue(), '', 'what was meant for Ana alone is gone');

  await place('Ana (you)').selectOption('Room 2');
  await ana.getByRole('heading', { name: 'split · Room 2' }).waitFor();
  await tile(bo, 'Ana').waitFor();
  await look(ana, 'breakout-open');
  await dialog.getByRole('button', { name: 'Close', exact: true }).click();
  await seesAndHears(bo, 'Ana');
  await button(bo, 'Chat').click();
  await look(bo, 'breakout-room');
  await button(bo, 'Back to the main room').click();
  await bo.getByRole('heading', { name: 'split', exact: true }).waitFor();
  await tile(bo, 'Ana').waitFor({ state: 'hidden' });
  await button(ana, 'Manage').click();
  await dialog.getByRole('button', { name: 'Close rooms' }).click();
  await ana.getByRole('heading', { name: 'split', exact: true }).waitFor();
  await tile(bo, 'Ana').waitFor();
  await seesAndHears(ana, 'Bo');
  await dialog.getByRole('button', { name: 'Open rooms' }).waitFor();
  await Promise.all([ana, bo].map((p) => p.close()));
});

test('a search among many people', { timeout: 120_000 }, async () => {
  const ana = await join(browser, server.url, 'many', 'Ana');
  await button(ana, 'People').click();
  for (let i = 1; i <= 14; i++) {
    await ghost(server.url, 'many', i === 14 ? 'Zoë with a name that is longer than the panel is wide' : `Guest ${i}`);
  }
  const list = panel(ana).getByRole('list', { name: 'In the meeting' });
  await until('all are listed', async () => (await list.getByRole('listitem').count()) === 15);
  assert.match((await list.getByRole('listitem').nth(0).textContent()) ?? '', /Ana/, 'oneself first');
  await look(ana, 'people-many');
  const search = panel(ana).getByRole('searchbox', { name: 'Find people' });
  await search.fill('zoë');
  await until('one is found', async () => (await list.getByRole('listitem').count()) === 1);
  await search.fill('nobody');
  await panel(ana).getByText('Nobody here is called “nobody”.').waitFor();
  await ana.close();
});

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
