// @ts-check

/** How long a size has to stay the same before it is asked for, in milliseconds. */
const rest = 250;

/** @typedef {{w: number, h: number}} Size in pixels of the screen */

/**
 * Sizes decides in which size each picture is asked for. A picture that is new
 * on the stage, or becomes the large one, is asked for at once; a size that
 * only changes has to rest first, so that a window that is dragged and people
 * who come and go cost one request and not many.
 */
export class Sizes {
  /** @type {Map<string, Size & {main: boolean}>} */
  #asked = new Map();
  /** @type {Map<string, Size & {main: boolean}>} */
  #shown = new Map();
  #onRest;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;

  /** @param {() => void} onRest sizes have settled */
  constructor(onRest) {
    this.#onRest = onRest;
  }

  /** @param {Map<string, Size & {main: boolean}>} shown by key */
  show(shown) {
    let moved = false;
    for (const [key, size] of shown) {
      const old = this.#asked.get(key);
      if (!old || (size.main && !old.main)) {
        this.#asked.set(key, size);
        continue;
      }
      const before = this.#shown.get(key);
      moved ||= !before || before.w !== size.w || before.h !== size.h;
    }
    for (const key of this.#asked.keys()) {
      if (!shown.has(key)) {
        this.#asked.delete(key);
      }
    }
    this.#shown = shown;
    if (moved) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        this.#asked = new Map(this.#shown);
        this.#onRest();
      }, rest);
    }
  }

  /**
   * @param {string} key
   * @returns {Size|undefined} to ask for, undefined if it is not shown
   */
  of(key) {
    return this.#asked.get(key);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
