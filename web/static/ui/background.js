// @ts-check
import { choiceOf } from './backgrounds.js';
import { recall, setSetting, setting } from './storage.js';
/** @import {BackgroundMaker} from './background-maker.js' */
/** @import {Choice} from './backgrounds.js' */
/** @import {Capture} from './capture.js' */

/** Whether this browser keeps a picture of the visitor's own. */
export const hasPicture = () => recall('picture', '') !== '';

/**
 * Background gives the camera's picture another background, or none. What makes
 * it is fetched when it is chosen.
 */
export class Background {
  /** @type {Choice} */
  choice = choiceOf(setting('background', 'none'), hasPicture());
  /** Whether it is not there yet. */
  loading = false;
  #cam;
  #onchange;
  #onend;
  /** @type {BackgroundMaker|null} */
  #maker = null;
  /** One change at a time. @type {Promise<void>} */
  #queue = Promise.resolve();

  /**
   * @param {Capture} cam whose track is set
   * @param {() => void} onchange the track is another one, or the choice
   * @param {(code: string) => void} onend the background ended by itself, and why
   */
  constructor(cam, onchange, onend) {
    this.#cam = cam;
    this.#onchange = onchange;
    this.#onend = onend;
  }

  /** @param {Choice} choice */
  async choose(choice) {
    this.choice = choice;
    setSetting('background', choice);
    await this.dress();
  }

  /**
   * Gives the camera the track that is to be shown: its own, or one that is made of
   * it. Never fails: at worst it is its own.
   */
  dress() {
    this.#queue = this.#queue.then(() => this.#dress());
    return this.#queue;
  }

  async #dress() {
    const { source } = this.#cam;
    let track = source;
    if (source && (this.choice !== 'none' || this.#maker)) {
      this.loading = true;
      this.#onchange();
      track = await this.#made(source).catch((err) => (console.warn(err), this.#ended('background_failed'), source));
      this.loading = false;
    }
    if (this.#cam.source === source) {
      this.#cam.track = track;
    } else {
      this.off(); // it was turned off or changed meanwhile
    }
    this.#onchange();
  }

  /** @param {MediaStreamTrack} source */
  async #made(source) {
    this.#maker ??= new (await import('./background-maker.js')).BackgroundMaker((code) => this.#ended(code));
    return this.#maker.make(source, this.choice);
  }

  /** @param {string} code */
  #ended(code) {
    this.choose('none');
    this.#onend(code);
  }

  /** Ends what is made of the camera; the camera itself goes on. */
  off() {
    this.#maker?.off();
  }
}
