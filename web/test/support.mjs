// @ts-check
// Starts the real server and real browsers for the tests beside this file.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
/** @import {Browser, BrowserContext, BrowserServer, Page} from 'playwright-core' */

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Where screenshots and the binary go. */
export const out = fileURLToPath(new URL('./out/', import.meta.url));
mkdirSync(out, { recursive: true });

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const quiet = [
  '--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
  '--allow-loopback-in-peer-connection',
];
/** Devices that need no hardware; their picture and sound pass the real encoders. */
export const fakeDevices = ['--use-fake-device-for-media-stream'];
/** Every prompt is answered with yes. */
export const fakeConsent = ['--use-fake-ui-for-media-stream'];

/** @type {(() => Promise<unknown>|unknown)[]} */
const cleanups = [];

/** Ends whatever was started, last thing first. */
export async function cleanUp() {
  for (const c of cleanups.splice(0).reverse()) {
    await c();
  }
}

/** Builds the server; Go's cache makes the second time quick. */
function build() {
  if (process.env.SWITCHYARD_BIN) {
    return process.env.SWITCHYARD_BIN;
  }
  const binary = `${out}switchyard`;
  const r = spawnSync('go', ['build', '-o', binary, './cmd/switchyard'], { cwd: root, encoding: 'utf8' });
  if (r.status !== 0) {
    throw new Error(`go build: ${r.stderr || r.error}`);
  }
  return binary;
}

/**
 * Starts a server on free ports, or on a given HTTP address.
 * @param {string} [http]
 */
export async function startServer(http = '127.0.0.1:0') {
  const child = spawn(build(), ['serve', '--http', http, '--udp', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (b) => (log += b));
  const ended = new Promise((done) => child.once('exit', done));
  /** @type {string} */
  const url = await new Promise((done, failed) => {
    child.once('exit', (code) => failed(new Error(`the server ended with ${code} before it was ready:\n${log}`)));
    createInterface(child.stdout).on('line', (line) => {
      const found = /https?:\/\/[^\s/]+/.exec(line);
      if (found) {
        done(found[0]);
      }
    });
  });
  const stop = (/** @type {NodeJS.Signals} */ signal) => {
    child.kill(signal);
    return ended;
  };
  cleanups.push(() => stop('SIGTERM'));
  return { url, stop, log: () => log };
}

/**
 * @param {string[]} [args]
 * @returns {Promise<Browser>}
 */
export async function startBrowser(args = [...fakeDevices, ...fakeConsent]) {
  const browser = await chromium.launch({ executablePath, args: [...quiet, ...args] });
  cleanups.push(() => browser.close());
  return browser;
}

/**
 * A browser that a test can kill, with everything it has open.
 * @returns {Promise<{browser: Browser, server: BrowserServer}>}
 */
export async function startMortalBrowser() {
  const server = await chromium.launchServer({ executablePath, args: [...quiet, ...fakeDevices, ...fakeConsent] });
  const browser = await chromium.connect(server.wsEndpoint());
  cleanups.push(() => server.kill());
  return { browser, server };
}

/**
 * Opens a page that collects its errors.
 * @param {Browser|BrowserContext} where a browser gives the page a visitor of its own
 * @param {string} url
 */
export async function open(where, url) {
  const page = await where.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (e) => errors.push(e.message));
  page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
  await page.goto(url);
  return Object.assign(page, { errors });
}

/**
 * Opens a page that joins at once, and waits until it is in the room.
 * @param {Browser|BrowserContext} where
 * @param {string} url of the server
 * @param {string} room
 * @param {string} name
 */
export async function join(where, url, room, name) {
  const page = await open(where, `${url}/?room=${room}&name=${encodeURIComponent(name)}&join`);
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  return page;
}

/** @param {Page} page @param {string} name */
export const tile = (page, name) => page.getByRole('listitem', { name, exact: true });

/**
 * Waits until a condition holds, and says what it was when it does not.
 * @param {string} what
 * @param {() => Promise<boolean>|boolean} condition
 * @param {number} [timeout] in milliseconds
 */
export async function until(what, condition, timeout = 10_000) {
  for (const end = Date.now() + timeout; ; ) {
    if (await condition()) {
      return;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${timeout} ms: ${what}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}

/**
 * @typedef {object} SlotStats
 * @property {string} name of the member
 * @property {string} source
 * @property {number} bytes
 * @property {number} frames decoded
 * @property {number} energy of its sound
 */

/**
 * What each bound slot has received so far.
 * @param {Page} page
 * @returns {Promise<SlotStats[]>}
 */
export function received(page) {
  return page.evaluate(async () => {
    const room = /** @type {any} */ (window).switchyard.room;
    if (!room?.pc) {
      return []; // still joining
    }
    /** @type {any[]} */
    const inbound = [...(await room.pc.getStats()).values()].filter((s) => s.type === 'inbound-rtp');
    return room.slots.filter((/** @type {any} */ s) => s.publication).map((/** @type {any} */ s) => {
      const p = room.publications.find((/** @type {any} */ q) => q.id === s.publication);
      const r = inbound.find((i) => i.mid === s.transceiver.mid);
      return {
        name: room.members.find((/** @type {any} */ m) => m.id === p?.member)?.name ?? '?',
        source: p?.source ?? '?',
        bytes: r?.bytesReceived ?? 0,
        frames: r?.framesDecoded ?? 0,
        energy: r?.totalAudioEnergy ?? 0,
      };
    });
  });
}

/**
 * @param {Page} page
 * @param {string} name
 * @param {string} source
 * @returns {Promise<SlotStats>} zeros if nothing is bound
 */
export async function receivedOf(page, name, source) {
  const all = await received(page);
  return all.find((s) => s.name === name && s.source === source) ?? { name, source, bytes: 0, frames: 0, energy: 0 };
}

/**
 * How much the brightness of a tile's picture varies: 0 for one colour.
 * @param {Page} page
 * @param {string} name
 */
export function variance(page, name) {
  return tile(page, name).locator('video').evaluate((/** @type {HTMLVideoElement} */ video) => {
    if (video.videoWidth === 0) {
      return 0;
    }
    const canvas = new OffscreenCanvas(64, 36);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(video, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < data.length; i += 4) {
      const luma = 0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2];
      sum += luma;
      squares += luma * luma;
    }
    const n = data.length / 4;
    return squares / n - (sum / n) ** 2;
  });
}

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/**
 * @param {Page} page
 * @returns {Promise<string[]>} what is seriously wrong for people with disabilities
 */
export async function violations(page) {
  await page.evaluate(axe); // not as a script of the page, which its policy forbids
  return page.evaluate(async () => {
    /** @type {{violations: any[]}} */
    const r = await /** @type {any} */ (window).axe.run();
    return r.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
      .map((v) => `${v.id}: ${v.nodes.map((/** @type {any} */ n) => n.html).join(' ')}`);
  });
}
