// @ts-check
// A crowd of members who are cheap and yet send a real picture: frames that a
// browser has encoded, sent in a loop by the clients of examples/crowd.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atEnd, out } from './support.mjs';
/** @import {Browser} from 'playwright-core' */

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What the crowd sends. */
const picture = { width: 320, height: 180, fps: 5, frames: 25 };

/** Of the file that was made, once it is. */
let recorded = '';
/** Of the program that was built, once it is. */
let program = '';

/**
 * Encodes a short film in VP8, and writes it as IVF.
 * @param {Browser} browser
 * @param {string} url of the server; a page of it is a secure context
 */
async function record(browser, url) {
  if (recorded) {
    return recorded;
  }
  const page = await browser.newPage();
  await page.goto(url);
  const frames = await page.evaluate(async ({ width, height, fps, frames }) => {
    /** @type {number[][]} */
    const list = [];
    const encoder = new VideoEncoder({
      output: (chunk) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        list.push([...bytes]);
      },
      error: (err) => {
        throw err;
      },
    });
    encoder.configure({ codec: 'vp8', width, height, framerate: fps, bitrate: 100_000 });
    const canvas = new OffscreenCanvas(width, height);
    const c = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
    for (let i = 0; i < frames; i++) {
      const turn = (2 * Math.PI * i) / frames;
      const wall = c.createLinearGradient(0, 0, width, height);
      wall.addColorStop(0, '#46586b');
      wall.addColorStop(1, '#27323f');
      c.fillStyle = wall;
      c.fillRect(0, 0, width, height);
      c.fillStyle = '#2d6a52';
      c.beginPath();
      c.ellipse(width / 2, height * 1.1, 80, 72, 0, 0, 2 * Math.PI);
      c.fill();
      c.fillStyle = '#d9a987';
      c.beginPath();
      c.ellipse(width / 2 + 6 * Math.sin(turn), height / 2 + 3 * Math.cos(turn), 30, 38, 0, 0, 2 * Math.PI);
      c.fill();
      const frame = new VideoFrame(canvas, { timestamp: (i * 1e6) / fps });
      encoder.encode(frame, { keyFrame: i === 0 });
      frame.close();
    }
    await encoder.flush();
    return list;
  }, picture);
  await page.close();
  const header = Buffer.alloc(32);
  header.write('DKIF');
  header.writeUInt16LE(32, 6);
  header.write('VP80', 8);
  header.writeUInt16LE(picture.width, 12);
  header.writeUInt16LE(picture.height, 14);
  header.writeUInt32LE(picture.fps, 16);
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(frames.length, 24);
  const parts = frames.flatMap((f, i) => {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(f.length, 0);
    head.writeUInt32LE(i, 4);
    return [head, Buffer.from(f)];
  });
  writeFileSync(`${out}crowd.ivf`, Buffer.concat([header, ...parts]));
  recorded = `${out}crowd.ivf`;
  return recorded;
}

/** Builds the program, once. */
function build() {
  if (!program) {
    const target = `${out}crowd`;
    const r = spawnSync('go', ['build', '-o', target, './examples/crowd'], { cwd: root, encoding: 'utf8' });
    if (r.status !== 0) {
      throw new Error(`go build: ${r.stderr || r.error}`);
    }
    program = target;
  }
  return program;
}

/**
 * Fills a room, and waits until everybody is in.
 * @param {Browser} browser
 * @param {string} url of the server
 * @param {string} room
 * @param {number} members
 * @param {string} [churn] between one who leaves and the next, such as `1s`
 * @returns {Promise<() => Promise<void>>} makes them leave
 */
export async function startCrowd(browser, url, room, members, churn = '0') {
  const args = ['-url', url, '-room', room, '-members', String(members), '-churn', churn, '-ivf', await record(browser, url)];
  const child = spawn(build(), args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (b) => (log += b));
  const ended = new Promise((done) => child.once('exit', done));
  await new Promise((done, failed) => {
    child.once('exit', (code) => failed(new Error(`the crowd ended with ${code}:\n${log}`)));
    createInterface(child.stdout).on('line', done);
  });
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  atEnd(stop);
  return stop;
}
