// @ts-check
// What the main thread of a page does, by Chromium's own trace.
/** @import {Browser, Page} from 'playwright-core' */

/**
 * @typedef {object} Event of a trace; times are microseconds
 * @property {string} name
 * @property {string} ph kind of event
 * @property {number} pid
 * @property {number} tid
 * @property {number} ts
 * @property {number} [dur]
 * @property {number} [tdur] of the processor: what others took from it does not count
 * @property {any} [args]
 */

/** Events that are script of the page, or what it makes the browser do at once. */
const ours = new Set([
  'FunctionCall', 'EvaluateScript', 'RunMicrotasks', 'FireAnimationFrame', 'TimerFire', 'EventDispatch',
  'UpdateLayoutTree', 'Layout', 'PrePaint', 'Paint', 'Layerize', 'HitTest', 'V8.GCScavenger', 'MinorGC',
]);

/**
 * Records the main thread of a page.
 * @param {Browser} browser
 * @param {Page} page
 * @returns {Promise<() => Promise<Event[]>>} ends it, with the events of that thread
 */
export async function trace(browser, page) {
  await browser.startTracing(page, {
    categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'],
  });
  return async () => {
    const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
    /** @type {Event[]} */
    const all = traceEvents;
    const mains = all.filter((e) => e.name === 'thread_name' && e.args?.name === 'CrRendererMain');
    // Of all pages of the browser, the one that has drawn the most.
    const work = (/** @type {Event} */ m) => all.filter((e) => e.pid === m.pid && e.tid === m.tid && e.name === 'FireAnimationFrame').length;
    const [main] = mains.sort((a, b) => work(b) - work(a));
    return all.filter((e) => e.pid === main.pid && e.tid === main.tid && e.ph === 'X').sort((a, b) => a.ts - b.ts);
  };
}

/** @param {Event} e @returns {number} milliseconds */
const cost = (e) => (e.tdur ?? e.dur ?? 0) / 1000;

/**
 * @param {Event[]} events of one thread, in order
 * @returns {{frames: number, median: number, p95: number, most: number, longest: number, tasks: number, seconds: number}}
 *   milliseconds of the processor: what our script and the layout after it take in
 *   a frame of the screen, and the longest task with anything of ours in it
 */
export function summarize(events) {
  /** @type {Map<number, number>} */
  const frames = new Map();
  let [end, task, longest, tasks] = [0, /** @type {Event|null} */ (null), 0, 0];
  for (const e of events) {
    if (/RunTask$/.test(e.name) && e.ts >= (task ? task.ts + (task.dur ?? 0) : 0)) {
      task = e;
    }
    if (!ours.has(e.name)) {
      continue;
    }
    if (task && e.ts < task.ts + (task.dur ?? 0) && cost(task) > 0) {
      tasks++;
      longest = Math.max(longest, cost(task));
    }
    if (e.ts < end) {
      continue; // inside of the one before
    }
    end = e.ts + (e.dur ?? 0);
    const frame = Math.floor(e.ts / 16_667);
    frames.set(frame, (frames.get(frame) ?? 0) + cost(e));
  }
  const costs = [...frames.values()].sort((a, b) => a - b);
  const at = (/** @type {number} */ q) => Math.round((costs[Math.floor(costs.length * q)] ?? 0) * 100) / 100;
  const first = events[0]?.ts ?? 0;
  return {
    frames: costs.length, median: at(0.5), p95: at(0.95), most: at(0.9999), longest: Math.round(longest * 100) / 100, tasks,
    seconds: Math.round(((events.at(-1)?.ts ?? first) - first) / 1e6),
  };
}
