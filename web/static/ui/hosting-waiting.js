// @ts-check
import { adrift, h, set, setText } from './dom.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
/** @import {Room} from '../lib/room.js' */

/**
 * For how long a press counts for nothing after the notice came to be about
 * another person by itself, in milliseconds: it was meant for the one before.
 */
const settle = 400;

/**
 * Waiting shows a moderator who wants to come in: a notice that says so, and a list
 * in the panel. It never takes the focus; what it says is announced.
 */
export class Waiting {
  #room;
  #attempt;
  #who = h('bdi', {});
  #more = h('span', { class: 'knock-more' });
  #said = h('p', { class: 'unseen', role: 'alert' });
  #all = h('button', { type: 'button', class: 'button', onclick: () => this.#admitAll() }, t('knock.admitAll'));
  #card = h('div', { class: 'knock', role: 'alertdialog', 'aria-label': t('knock.title'), 'aria-describedby': 'knock-who', hidden: true },
    icon('people'),
    h('div', { class: 'knock-text' }, h('b', {}, t('knock.title')), h('p', { id: 'knock-who' }, this.#who, this.#more)),
    h('div', { class: 'row' },
      h('button', { type: 'button', class: 'button primary', onclick: () => this.#decide(true) }, t('knock.admit')),
      h('button', { type: 'button', class: 'button', onclick: () => this.#decide(false) }, t('knock.deny')),
      this.#all));
  #rows = h('ul', { class: 'waiting-list', role: 'list', 'aria-label': t('knock.waiting') });
  #everybody = h('button', { type: 'button', class: 'button', onclick: () => this.#admitAll() }, t('knock.admitAll'));
  #count = h('h3', {});
  /** The ticket that the notice is about. */
  #ticket = '';
  /** When the notice came to be about another person by itself. */
  #changed = -settle;
  /** Tickets that were decided about here. @type {Set<string>} */
  #decided = new Set();
  /** What is above everything: the notice. */
  notice = h('div', { class: 'knocks' }, this.#said, this.#card);
  /** What is on top of the panel. */
  list = h('section', { class: 'waiting', 'aria-label': t('knock.waiting'), hidden: true }, h('div', { class: 'waiting-head' }, this.#count, this.#everybody), this.#rows);

  /**
   * @param {Room} room
   * @param {(done: Promise<unknown>) => void} attempt tells when something is refused
   */
  constructor(room, attempt) {
    this.#room = room;
    this.#attempt = attempt;
  }

  update() {
    const all = this.#room.hosting.waiting;
    for (const ticket of this.#decided) {
      if (!all.some((w) => w.ticket === ticket)) {
        this.#decided.delete(ticket);
      }
    }
    const waiting = all.filter((w) => !this.#decided.has(w.ticket));
    this.#showNotice(waiting);
    this.#showList(waiting);
  }

  /** @param {{ticket: string, name: string}[]} waiting */
  #showNotice(waiting) {
    const [first, ...others] = waiting;
    const focused = this.#card.contains(document.activeElement);
    if (first && first.ticket !== this.#ticket) {
      if (this.#ticket !== '') {
        this.#changed = performance.now();
      }
      setText(this.#said, t('knock.said', { name: first.name }));
    }
    this.#ticket = first?.ticket ?? '';
    setText(this.#who, first?.name ?? '');
    setText(this.#more, others.length > 0 ? ` ${t('knock.more', { n: others.length })}` : '');
    this.#all.hidden = others.length === 0;
    this.#card.hidden = !first;
    if (!first) {
      setText(this.#said, '');
    }
    if (focused && adrift(this.#card)) {
      focusNear(this.#card);
    }
  }

  /** @param {{ticket: string, name: string}[]} waiting */
  #showList(waiting) {
    const focused = this.list.contains(document.activeElement);
    this.list.hidden = waiting.length === 0;
    setText(this.#count, t('knock.count', { n: waiting.length }));
    this.#everybody.hidden = waiting.length < 2;
    const known = new Map([...this.#rows.children].map((row) => [row.getAttribute('data-ticket'), row]));
    for (const w of waiting) {
      if (!known.delete(w.ticket)) {
        this.#rows.append(this.#row(w));
      }
    }
    known.forEach((row) => row.remove());
    if (focused && adrift(this.list)) {
      focusNear(this.list);
    }
  }

  /** @param {{ticket: string, name: string}} w */
  #row({ ticket, name }) {
    const button = (/** @type {boolean} */ admit) => h('button', {
      type: 'button', class: 'button ghost', 'aria-label': t(admit ? 'knock.admitName' : 'knock.denyName', { name }),
      onclick: () => this.#settle(ticket, admit),
    }, t(admit ? 'knock.admit' : 'knock.deny'));
    const row = h('li', { class: 'waiting-row' }, h('bdi', { title: name }, name), button(true), button(false));
    set(row, 'data-ticket', ticket);
    return row;
  }

  /** @param {boolean} admit */
  #decide(admit) {
    if (performance.now() - this.#changed > settle) {
      this.#settle(this.#ticket, admit);
      this.#changed = -settle; // we know that it is about another one now
    }
  }

  /**
   * @param {string} ticket
   * @param {boolean} admit
   */
  #settle(ticket, admit) {
    const { hosting } = this.#room;
    const done = admit ? hosting.admit(ticket) : hosting.deny(ticket);
    this.#decided.add(ticket);
    this.update();
    this.#attempt(done.catch((err) => {
      if (err?.code === 'member_not_found') {
        return; // another moderator was faster, or they gave up
      }
      this.#decided.delete(ticket);
      this.update();
      throw err;
    }));
  }

  #admitAll() {
    for (const { ticket } of this.#room.hosting.waiting.filter((w) => !this.#decided.has(w.ticket))) {
      this.#settle(ticket, true);
    }
  }
}

/**
 * The focus was on something that is hidden or gone now: it goes to the next
 * button there, or to the room.
 * @param {HTMLElement} place
 */
function focusNear(place) {
  const button = /** @type {HTMLElement|null} */ (place.hidden ? null : place.querySelector('button:not([hidden])'));
  (button ?? /** @type {HTMLElement|null} */ (place.closest('aside')?.querySelector('button')) ?? place.closest('main'))?.focus();
}
