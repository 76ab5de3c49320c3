// @ts-check
// The thread that draws backgrounds. The page tells it what to draw and whence
// pictures come; it says when it is ready, and why it ends.
import { Studio } from './studio.js';

/**
 * @typedef {object} Order of the page; what is missing stays as it is
 * @property {string} [choice] of the background
 * @property {ImageBitmap|null} [picture] of the visitor's, for the choice
 * @property {ReadableStream<VideoFrame>} [readable] the camera's pictures
 * @property {WritableStream<VideoFrame>} [writable] where those go that are drawn
 * @property {number} [rate] pictures a second to ask for, where there are no streams
 * @property {ImageBitmap} [frame] one picture, where there are no streams
 * @property {boolean} [stop] it is over
 */
/**
 * @typedef {object} Word to the page
 * @property {true} [ready] the first picture is drawn
 * @property {true} [want] a picture is asked for
 * @property {ImageBitmap} [drawn] a picture, where there are no streams
 * @property {'background_slow'|'background_failed'} [end] why it ends
 * @property {string} [error] for developers
 */

const scope = /** @type {any} */ (self);
const say = (/** @type {Word} */ word, /** @type {Transferable[]} */ transfer = []) => scope.postMessage(word, transfer);
const fail = (/** @type {any} */ err) => say({ end: 'background_failed', error: String(err?.message ?? err) });

/** @type {Studio|null} */
let studio = null;
/** @type {ReadableStreamDefaultReader<VideoFrame>|null} */
let reader = null;
let [ready, busy, stopped] = [false, false, false];

/** The first picture was drawn. */
function drawn() {
  if (!ready) {
    ready = true;
    say({ ready: true });
  }
}

/**
 * Draws what comes by a stream.
 * @param {Studio} studio
 * @param {ReadableStream<VideoFrame>} readable
 * @param {WritableStream<VideoFrame>} writable
 */
async function follow(studio, readable, writable) {
  reader = readable.getReader();
  const writer = writable.getWriter();
  for (;;) {
    const { value: frame, done } = await reader.read();
    if (done || stopped) {
      frame?.close();
      return;
    }
    try {
      const canvas = await studio.draw(frame, frame.displayWidth, frame.displayHeight, frame.timestamp / 1000);
      if (canvas) {
        await writer.write(new VideoFrame(canvas, { timestamp: frame.timestamp, alpha: 'discard' }));
        drawn();
      }
    } finally {
      frame.close();
    }
  }
}

/**
 * Draws a picture that was asked for; one that comes before the last one is drawn is
 * left out.
 * @param {Studio} studio
 * @param {ImageBitmap} frame
 */
async function one(studio, frame) {
  if (!busy) {
    busy = true;
    const canvas = await studio.draw(frame, frame.width, frame.height, performance.now());
    busy = false;
    if (canvas) {
      const picture = canvas.transferToImageBitmap();
      say({ drawn: picture }, [picture]);
      drawn();
    }
  }
  frame.close();
}

async function stop() {
  stopped = true;
  await reader?.cancel().catch(() => {}); // so that the camera does not wait for it
  studio?.close();
  scope.close();
}

/** @param {Order} order */
async function obey(order) {
  if (order.stop) {
    return stop();
  }
  studio ??= new Studio(() => say({ end: 'background_slow' }), fail);
  if (order.choice !== undefined) {
    studio.choose(order.choice, order.picture ?? null);
  }
  if (order.rate) {
    // Timers of this thread go on in a window that is not seen; those of the page do not.
    setInterval(() => say({ want: true }), 1000 / order.rate);
  }
  if (order.frame) {
    await one(studio, order.frame);
  }
  if (order.readable && order.writable) {
    await follow(studio, order.readable, order.writable);
  }
}

scope.onmessage = (/** @type {MessageEvent<Order>} */ e) => obey(e.data).catch((err) => stopped || fail(err));
