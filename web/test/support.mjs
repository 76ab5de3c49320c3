// @ts-check
// Starts the real server and real browsers for the tests beside this file.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { io } from 'socket.io-client';
/** @import {Browser, BrowserContext, BrowserServer, ConsoleMessage, Page} from 'playwright-core' */

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Where screenshots and the binary go. */
export const out = fileURLToPath(new URL('./out/', import.meta.url));
mkdirSync(out, { recursive: true });

export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const quiet = [
  '--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
  '--allow-loopback-in-peer-connection',
  // What Playwright evaluates counts as a gesture of the visitor, which allows
  // sound, if it comes before the page tries to play. Sound must not depend on that.
  '--autoplay-policy=no-user-gesture-required',
  // A name that is not loopback, so that plain HTTP under it is not secure.
  '--host-resolver-rules=MAP meet.test 127.0.0.1',
];
/**
 * Devices that need no hardware; their picture and sound pass the real
 * encoders. Fewer pictures a second let several pages share two processors.
 */
export const fakeDevices = ['--use-fake-device-for-media-stream=fps=15'];
/** Every prompt is answered with yes. */
export const fakeConsent = ['--use-fake-ui-for-media-stream'];

/** What is drawn costs time; where looks do not matter, this is enough of it. */
export const small = { width: 800, height: 500 };

/** @type {(() => Promise<unknown>|unknown)[]} */
const cleanups = [];

/** @param {() => Promise<unknown>|unknown} f what {@link cleanUp} is to do */
export const atEnd = (f) => cleanups.push(f);

/** Ends whatever was started, last thing first. */
export async function cleanUp() {
  for (const c of cleanups.splice(0).reverse()) {
    await c();
  }
}

/** The server's binary, once it is built. */
let binary = process.env.SWITCHYARD_BIN ?? '';

/** Builds the server, once. */
export function build() {
  binary ||= compile('cmd/switchyard');
  return binary;
}

/** @param {string} folder of a command @returns {string} its binary */
function compile(folder) {
  const path = `${out}${basename(folder)}`;
  const r = spawnSync('go', ['build', '-o', path, `./${folder}`], { cwd: root, encoding: 'utf8' });
  if (r.status !== 0) {
    throw new Error(`go build: ${r.stderr || r.error}`);
  }
  return path;
}

/**
 * Starts a server on free ports, or on given addresses.
 * @param {string} [http]
 * @param {string} [udp]
 * @param {...string} more flags
 */
export const startServer = (http = '127.0.0.1:0', udp = '127.0.0.1:0', ...more) =>
  start(build(), ['serve', '--http', http, '--udp', udp, '--data', 'off', ...more]);

/** Starts one of the examples. @param {string} name */
export const startExample = (name) => start(compile(`examples/${name}`), ['--http', '127.0.0.1:0']);

/**
 * Starts a program that prints its address when it is ready.
 * @param {string} path
 * @param {string[]} args
 */
async function start(path, args) {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (b) => (log += b));
  let asked = false;
  const ended = new Promise((done) => child.once('exit', (code, signal) => {
    if (!asked) {
      console.error(`the server ended by itself, with ${code ?? signal}:\n${log}`);
    }
    done(code);
  }));
  let admin = '';
  /** @type {string} */
  const url = await new Promise((done, failed) => {
    child.once('exit', (code) => failed(new Error(`the server ended with ${code} before it was ready:\n${log}`)));
    createInterface(child.stdout).on('line', (line) => {
      const [found] = /https?:\/\/[^\s/]+/.exec(line) ?? [];
      if (found && line.startsWith('Health')) {
        admin = found;
      } else if (found) {
        done(found);
      }
    });
  });
  const stop = (/** @type {NodeJS.Signals} */ signal) => {
    asked = true;
    child.kill(signal);
    return ended;
  };
  cleanups.push(() => stop('SIGTERM'));
  return { url, admin: () => admin, stop, log: () => log };
}

/**
 * Starts a screen without hardware, for browsers that have a window.
 * @returns {Promise<string>} its `DISPLAY`
 */
export async function startScreen() {
  const child = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'ignore'] });
  cleanups.push(() => child.kill() && new Promise((done) => child.once('exit', done)));
  return new Promise((done, failed) => {
    child.once('error', failed);
    createInterface(child.stdout).once('line', (n) => done(`:${n}`));
  });
}

/**
 * @param {string[]} [args]
 * @param {string} [path] of the browser
 * @returns {Promise<Browser>}
 */
export async function startBrowser(args = [...fakeDevices, ...fakeConsent], path = executablePath) {
  const browser = await chromium.launch({ executablePath: path, args: [...quiet, ...args] });
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

/** @type {{url: string, errors: string[]}[]} */
const opened = [];

/**
 * What pages have reported as errors so far.
 * @param {RegExp} [expected] those that the tests provoke
 * @returns {string[]}
 */
export function errorsOfPages(expected = /$^/) {
  return opened.flatMap((o) => o.errors.filter((e) => !expected.test(e)).map((e) => `${o.url}: ${e}`));
}

/** A message of a page with what it is about, such as what did not load. @param {ConsoleMessage} m */
const said = (m) => `${m.text()} (${m.location().url})`;

/**
 * Opens a page that collects its errors.
 * @param {Browser|BrowserContext} where a browser gives the page a visitor of its own
 * @param {string} url
 */
export async function open(where, url) {
  const page = await ('newContext' in where ? where.newPage({ viewport: small }) : where.newPage());
  /** @type {string[]} */
  const errors = [];
  opened.push({ url, errors });
  page.on('pageerror', (e) => errors.push(e.message));
  page.on('console', (m) => m.type() === 'error' && errors.push(said(m)));
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

/**
 * Joins a room from here, without any media: a member who is cheap.
 * @param {string} url of the server
 * @param {string} room
 * @param {string} name
 */
export async function ghost(url, room, name) {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
  cleanups.push(() => socket.disconnect());
  const ack = await socket.timeout(10_000).emitWithAck('join', { v: 1, room, name });
  if (!ack.ok) {
    throw new Error(`join of ${name}: ${ack.code} ${ack.message}`);
  }
  return socket;
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
    await new Promise((done) => setTimeout(done, 100));
  }
}
