// @ts-check
import { h, set } from './dom.js';
import { Level } from './level.js';

/**
 * Meter shows how loud a track is.
 */
export class Meter {
  #bar = h('span', { class: 'meter-bar' });
  element;
  #shown = 0;
  #level = new Level((loudness) => this.#draw(Math.max(loudness, this.#shown * 0.7)));

  /** @param {string} label */
  constructor(label) {
    this.element = h('div', {
      class: 'meter', role: 'meter', 'aria-label': label,
      'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 0,
    }, this.#bar);
  }

  /** @param {MediaStreamTrack|null} track null for silence */
  listen(track) {
    this.#level.listen(track);
    if (!track) {
      this.#draw(0);
    }
  }

  /** @param {number} value 0 to 100 */
  #draw(value) {
    this.#shown = value;
    const n = Math.round(value);
    set(this.element, 'aria-valuenow', n);
    this.#bar.style.transform = `scaleX(${n / 100})`;
  }

  stop() {
    this.#level.stop();
    this.#draw(0);
  }
}
