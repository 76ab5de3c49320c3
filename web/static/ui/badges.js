// @ts-check
import { h, set, setText } from './dom.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
/** @import {IconName} from './icons.js' */
/** @import {TileView} from './tile.js' */

/** Badges say in the caption of a tile what is to be known of its member. */
export class Badges {
  #caption;
  /** Those that were needed so far. @type {Map<string, HTMLElement>} */
  #made = new Map();

  /** @param {HTMLElement} caption to put them in, before the name */
  constructor(caption) {
    this.#caption = caption;
  }

  /** @param {TileView} v */
  update(v) {
    this.#show('muted', 'micOff', v.muted, t('tile.muted'));
    this.#show('speaking', 'speaker', v.speaking && !v.muted, t('tile.speaking'));
    this.#show('hand', 'hand', v.hand, t('tile.hand'));
    this.#show('sharing', 'share', v.sharing, t('tile.sharing'));
    this.#show('spotlight', 'spotlight', v.spotlit, t('tile.spotlit'));
    this.#quality(v.away ? 'lost' : v.quality, v.away ? 'reconnecting' : v.cause, v.name);
  }

  /**
   * @param {string} what
   * @param {IconName} name
   * @param {boolean} on
   * @param {string} label
   * @param {string} [title]
   */
  #show(what, name, on, label, title = label) {
    let el = this.#made.get(what);
    if (!el) {
      if (!on) {
        return;
      }
      el = h('span', { class: `badge badge-${what}`, role: 'img' }, icon(name));
      this.#made.set(what, el);
      this.#caption.prepend(el);
    }
    if (el.hidden === on) {
      el.hidden = !on;
    }
    set(el, 'aria-label', label);
    set(el, 'title', title);
  }

  /**
   * @param {TileView['quality']} quality
   * @param {string} cause
   * @param {string} name of the member
   */
  #quality(quality, cause, name) {
    const label = quality && t('tile.quality', { quality: t(`quality.${quality}`) });
    const known = t(`quality.${cause}`, { name });
    const why = known === `quality.${cause}` ? cause : known;
    this.#show('quality', 'stats', quality !== '', label, why ? `${label}. ${why}` : label);
    const el = this.#made.get('quality');
    if (el) {
      set(el, 'data-quality', quality);
    }
  }
}

let count = 0;

/** Why is a button on a tile without a live picture; it tells the reasons. */
export class Why {
  #button = h('button', { type: 'button', class: 'tile-why', 'aria-expanded': 'false', onclick: () => this.#toggle(this.#reasons === null) }, t('tile.why'));
  /** @type {HTMLElement|null} */
  #reasons = null;
  #text = '';
  element = h('div', {
    class: 'tile-why-place', hidden: true,
    onkeydown: (/** @type {KeyboardEvent} */ e) => {
      if (e.key === 'Escape' && this.#reasons) {
        e.preventDefault();
        this.#toggle(false);
      }
    },
  }, this.#button);

  /**
   * @param {string} why codes with spaces between, empty if there is a picture
   * @param {string} name of the member
   * @param {string} label of the tile
   */
  update(why, name, label) {
    this.element.hidden = why === '';
    if (why === '') {
      this.#toggle(false);
      return;
    }
    set(this.#button, 'aria-label', t('tile.whyOf', { name: label }));
    this.#text = why.split(' ').map((code) => reasonText(code, name)).join(' ');
    if (this.#reasons) {
      setText(this.#reasons, this.#text);
    }
  }

  /** @param {boolean} open */
  #toggle(open) {
    if (open === (this.#reasons !== null)) {
      return;
    }
    set(this.#button, 'aria-expanded', open);
    if (!open) {
      this.#reasons?.remove();
      this.#reasons = null;
      set(this.#button, 'aria-controls', null);
      return;
    }
    this.#reasons = h('p', { class: 'tile-reasons', id: `reasons-${++count}`, role: 'status' }, this.#text);
    set(this.#button, 'aria-controls', this.#reasons.id);
    this.element.append(this.#reasons);
  }
}

/**
 * Puts a reason for a missing picture in words. A code that the page does not
 * know is shown as it came.
 * @param {string} code
 * @param {string} name of the member
 */
export function reasonText(code, name) {
  for (const key of [`why.${code}`, `error.${code}`]) {
    const text = t(key, { name });
    if (text !== key) {
      return text;
    }
  }
  return t('why.other', { code });
}
