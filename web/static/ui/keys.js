// @ts-check
import { setting, setSetting } from './storage.js';

/**
 * @typedef {object} Shortcut
 * @property {string} key as {@link KeyboardEvent.key}, letters in lower case
 * @property {string} label key of the string that says what it does
 * @property {(() => void)|null} press
 * @property {{down: () => void, up: () => void}} [hold] what holding it does
 */

/** What uses single keys itself. */
const typing = 'input, textarea, select, [contenteditable], [role="menu"], [role="textbox"]';
/** What the space bar presses. */
const pressed = 'button, a, summary, [role="button"], video[controls], audio[controls]';

/**
 * Keys are the shortcuts of the call, one key each. They are silent while
 * somebody types, with modifiers, in dialogs and menus, and where the focused
 * control uses the key itself; and they can be turned off.
 */
export class Keys {
  /** @type {Shortcut[]} */
  list = [];
  /** What is held down now. @type {Shortcut|null} */
  #held = null;
  #off = new AbortController();

  constructor() {
    const { signal } = this.#off;
    document.addEventListener('keydown', (e) => this.#down(e), { signal });
    document.addEventListener('keyup', (e) => this.#held?.key === keyOf(e) && this.#release(), { signal });
    window.addEventListener('blur', () => this.#release(), { signal });
  }

  get on() {
    return setting('shortcuts', true);
  }

  set on(on) {
    setSetting('shortcuts', on);
    this.#release();
  }

  /**
   * @param {string} key
   * @param {string} label key of the string that says what it does
   * @param {(() => void)|null} press
   * @param {{hold?: {down: () => void, up: () => void}}} [o]
   */
  bind(key, label, press, { hold } = {}) {
    this.list.push({ key, label, press, hold });
  }

  /** @param {KeyboardEvent} e */
  #down(e) {
    const key = keyOf(e);
    const shortcut = this.list.find((s) => s.key === key);
    const at = e.target instanceof Element ? e.target : document.body;
    if (!shortcut || !this.on || e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey ||
      at.closest(typing) || (key === ' ' && at.closest(pressed))) {
      return;
    }
    e.preventDefault();
    if (e.repeat) {
      return;
    }
    if (shortcut.hold) {
      this.#release();
      this.#held = shortcut;
      shortcut.hold.down();
    }
    shortcut.press?.();
  }

  #release() {
    const held = this.#held;
    this.#held = null;
    held?.hold?.up();
  }

  stop() {
    this.#release();
    this.#off.abort();
  }
}

/**
 * The key that is meant: with another script, such as that of Korean, the Latin
 * letter in its place.
 * @param {KeyboardEvent} e
 */
function keyOf(e) {
  const latin = /^[ -~]$/.test(e.key);
  return latin ? e.key.toLowerCase() : /^Key[A-Z]$/.test(e.code) ? e.code.slice(3).toLowerCase() : e.key;
}
