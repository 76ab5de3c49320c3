// @ts-check
import { t } from './i18n.js';
/** @import {Context} from './call.js' */
/** @import {MenuItem} from './menu.js' */

/**
 * Sharing is the small menu of what the visitor shares: whether text has to be
 * sharp or motion smooth, and the end of it.
 */
export class Sharing {
  #controls;

  /** @param {Context} ctx */
  constructor({ controls, stage }) {
    this.#controls = controls;
    stage.menus.push((key) => (key === stage.views.ownScreen ? this.#items() : []));
  }

  /** Nothing is left of it that would have to be ended. */
  close() {}

  /** @returns {(MenuItem|'separator')[]} */
  #items() {
    const c = this.#controls;
    const choice = (/** @type {'detail'|'motion'} */ hint) =>
      ({ label: t(`share.${hint}`), radio: true, checked: c.hint === hint, onclick: () => (c.hint = hint) });
    return ['separator', choice('detail'), choice('motion'), 'separator', { label: t('share.stop'), icon: 'close', danger: true, onclick: () => c.share() }];
  }
}
