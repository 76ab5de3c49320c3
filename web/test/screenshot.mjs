// @ts-check
// Makes the picture of the README: three pages in one room on the real server,
// with drawn cameras. Run by `npm run screenshot`.
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drawnCamera } from './drawn.mjs';
import { seesAndHears } from './measure.mjs';
import { cleanUp, join, startBrowser, startServer, tile, until } from './support.mjs';
/** @import {Person} from './drawn.mjs' */

const path = fileURLToPath(new URL('../../docs/screenshot.png', import.meta.url));

/** @type {Record<string, Person>} */
const people = {
  'Maya Okafor': {
    wall: ['#3d4f63', '#22303f'], lamp: 'rgb(255 214 150 / 55%)', skin: '#8d5a3c', hair: '#1f1512', cut: 'bun',
    clothes: '#c98a2b', speaks: true,
  },
  'Jonas Berg': {
    wall: ['#5a6b57', '#2f3c33'], lamp: 'rgb(220 240 255 / 45%)', skin: '#e7b692', hair: '#6b4423', cut: 'short',
    clothes: '#2d4a6e', speaks: false,
  },
  'Ana Silva': {
    wall: ['#6d5566', '#382c3c'], lamp: 'rgb(255 190 170 / 45%)', skin: '#c98f6b', hair: '#2b1b17', cut: 'long',
    clothes: '#2f7d6b', speaks: false,
  },
};

try {
  const server = await startServer();
  const browser = await startBrowser();
  /** @type {Record<string, Awaited<ReturnType<typeof join>>>} */
  const pages = {};
  for (const [name, person] of Object.entries(people)) {
    const context = await browser.newContext({ colorScheme: 'dark', viewport: { width: 1280, height: 800 } });
    await context.addInitScript(drawnCamera, person);
    pages[name] = await join(context, server.url, 'blue-fox-42', name);
  }
  const [maya, jonas, ana] = Object.values(pages);
  const say = async (/** @type {typeof ana} */ page, /** @type {string} */ text) => {
    if (!(await page.getByRole('log').isVisible())) {
      await page.getByRole('button', { name: 'Chat', exact: true }).click();
    }
    await page.getByRole('textbox', { name: 'Message' }).fill(text);
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText(`You: ${text}`).waitFor();
  };
  await say(maya, 'Good morning! Can you both hear me?');
  await say(jonas, 'Loud and clear.');
  await say(ana, 'Yes, and the picture is sharp, too.');
  await say(maya, 'Then let us begin with the timetable.');
  await seesAndHears(ana, 'Maya Okafor');
  // Bandwidth is probed upwards from little; wait for the full picture.
  await until('the pictures are sharp', () => ana.evaluate(() =>
    [...document.querySelectorAll('video')].filter((v) => v.videoWidth >= 960).length === 3), 60_000);
  await tile(ana, 'Maya Okafor').getByRole('img', { name: 'Speaking' }).waitFor();
  await ana.getByRole('textbox', { name: 'Message' }).blur();
  await ana.mouse.move(640, 30);
  await ana.screenshot({ path, animations: 'disabled', caret: 'hide' });
  console.log(`${path}: ${Math.round(statSync(path).size / 1000)} kB`);
} finally {
  await cleanUp();
}
