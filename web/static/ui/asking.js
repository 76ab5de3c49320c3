// @ts-check
import { Sizes } from './sizes.js';
/** @import {Room} from '../lib/room.js' */
/** @import {Wish} from '../lib/types.js' */
/** @import {Plan} from './layout.js' */
/** @import {Size} from './sizes.js' */
/** @import {Views} from './views.js' */

/**
 * Asking keeps what is asked of the server in line with what is shown: the
 * pictures of the page that is shown, in the sizes in which they are shown, and
 * nothing of the others.
 */
export class Asking {
  /** Pictures that are shown in windows of their own, by key, in pixels of the screen. @type {Map<string, Size>} */
  elsewhere = new Map();
  #room;
  #views;
  #sizes = new Sizes(() => this.#subscribe());
  #asked = '';

  /**
   * @param {Room} room
   * @param {Views} views
   */
  constructor(room, views) {
    this.#room = room;
    this.#views = views;
  }

  /**
   * Takes note of what is shown now.
   * @param {Plan} plan
   * @param {string|undefined} whole key of the tile that takes the whole screen
   */
  show(plan, whole) {
    const pixels = (/** @type {number} */ n) => Math.round(n * devicePixelRatio);
    /** @type {Map<string, Size & {main: boolean}>} */
    const shown = new Map();
    for (const { key, w, h, main } of plan.places) {
      const size = key === whole ? { w: innerWidth, h: innerHeight } : { w, h };
      shown.set(key, { w: pixels(size.w), h: pixels(size.h), main: main || key === whole });
    }
    for (const [key, { w, h }] of this.elsewhere) {
      const here = shown.get(key);
      shown.set(key, { w: Math.max(w, here?.w ?? 0), h: Math.max(h, here?.h ?? 0), main: true });
    }
    this.#sizes.show(shown);
    this.#subscribe();
  }

  #subscribe() {
    const views = this.#views;
    /** @type {[string, Wish][]} */
    const wanted = [];
    for (const [key, p] of views.pictures) {
      const size = this.#sizes.of(key);
      if (size && views.wants(p)) {
        wanted.push([p.id, { w: size.w, h: size.h }]);
      }
    }
    wanted.push(...views.sounds);
    const asked = JSON.stringify(wanted);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.#room.subscribe(wanted);
    }
  }

  stop() {
    this.#sizes.stop();
  }
}
