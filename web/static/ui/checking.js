// @ts-check
import { h, set } from './dom.js';
import { sentence, t } from './i18n.js';

/** Milliseconds after which the connection is looked at by itself: who joins at once has no use for it. */
const delay = 2000;

/**
 * Checking finds out what the network blocks. It does once by itself, and speaks
 * up only if there is something; who presses the button is told in any case.
 */
export class Checking {
  #button = h('button', { type: 'button', class: 'button ghost', onclick: () => this.#ask() }, t('check.button'));
  #said = h('div', { class: 'checking-said', role: 'status' });
  element = h('div', { class: 'checking' }, this.#button, this.#said);
  /** Somebody waits for the result. */
  #asked = false;
  /** @type {AbortController|null} of the check that runs */
  #running = null;
  #timer = setTimeout(() => document.visibilityState === 'visible' && this.#run(), delay);

  #ask() {
    this.#asked = true;
    set(this.#button, 'aria-busy', true);
    this.#say(false, [t('check.running')]);
    this.#run();
  }

  async #run() {
    clearTimeout(this.#timer);
    if (this.#running) {
      return; // its result is as good
    }
    const running = this.#running = new AbortController();
    const { blocked, sentences } = await import('./check.js').then(({ check }) => check(running.signal))
      .catch(() => ({ blocked: false, sentences: [sentence('part')] }));
    if (this.#running !== running) {
      return;
    }
    if (blocked || this.#asked) {
      this.#say(blocked, sentences);
    }
    this.stop();
  }

  /** @param {boolean} blocked whether that is of concern @param {string[]} sentences */
  #say(blocked, sentences) {
    set(this.#said, 'data-blocked', blocked ? 'true' : null);
    this.#said.replaceChildren(...sentences.map((s) => h('p', {}, s)));
  }

  /** Gives up what runs. */
  stop() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = null;
    this.#asked = false;
    set(this.#button, 'aria-busy', null);
  }
}
