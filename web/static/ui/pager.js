// @ts-check
import { h, set, setText } from './dom.js';
import { icon } from './icons.js';
import { t } from './i18n.js';

/** Pager turns the pages of the stage. */
export class Pager {
  pages = 1;
  #page = 0;
  #text = h('span', { class: 'pager-text' });
  #back;
  #on;
  element;

  /** @param {(page: number) => void} onTurn is told the page that is wanted, from 0 */
  constructor(onTurn) {
    const button = (/** @type {string} */ label, /** @type {number} */ step) => h('button', {
      type: 'button', class: `button ghost icon-button pager-button${step < 0 ? ' is-back' : ''}`, 'aria-label': t(label), title: t(label),
      onclick: () => this.#turn(onTurn, step),
    }, icon('chevron'));
    this.#back = button('pager.back', -1);
    this.#on = button('pager.on', 1);
    this.element = h('div', { class: 'pager', role: 'group', 'aria-label': t('pager.name'), hidden: true }, this.#back, this.#text, this.#on);
  }

  /** @param {(page: number) => void} onTurn @param {number} step */
  #turn(onTurn, step) {
    const page = this.#page + step;
    if (page >= 0 && page < this.pages) {
      onTurn(page);
    }
  }

  /** @param {number} page @param {number} pages */
  update(page, pages) {
    this.#page = page;
    this.pages = pages;
    this.element.hidden = pages < 2;
    setText(this.#text, t('pager.page', { page: page + 1, pages }));
    // They stay focusable: the focus must not be lost at the last page.
    set(this.#back, 'aria-disabled', page === 0 ? 'true' : null);
    set(this.#on, 'aria-disabled', page === pages - 1 ? 'true' : null);
  }
}
