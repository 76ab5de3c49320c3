// @ts-check
import { h, set, setText } from './dom.js';
import { icon, setIcon } from './icons.js';
import { t } from './i18n.js';
import { menu } from './menu.js';
import { initials } from './names.js';
/** @import {MenuItem} from './menu.js' */

/**
 * @typedef {object} Person what a row shows
 * @property {string} id of the member
 * @property {string} name
 * @property {string} colour
 * @property {boolean} self
 * @property {boolean} leads is a moderator
 * @property {boolean} away
 * @property {number} hand its place among those who raised a hand, 0 for none
 * @property {boolean} mic is on
 * @property {boolean} cam is on
 * @property {boolean} screen is shared
 * @property {boolean} actions there is something that we may do about it
 */

/** From how many people on there is a search. */
const many = 12;

/**
 * People lists who is in the meeting. A row is made once for each member and
 * changed where it differs; none of it asks for the layout.
 */
export class People {
  #search = h('input', {
    type: 'search', class: 'people-search', 'aria-label': t('people.search'), placeholder: t('people.search'), autocomplete: 'off',
    oninput: () => this.#filter(),
  });
  #list = h('ul', { class: 'people-list', role: 'list', 'aria-label': t('people.here'), tabindex: -1 });
  #none = h('p', { class: 'people-none', role: 'status' });
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #actions;
  element = h('div', { class: 'people' }, this.#list, this.#none);

  /** @param {(id: string) => (MenuItem|'separator')[]} actions what we may do about a member */
  constructor(actions) {
    this.#actions = actions;
  }

  /** @param {Person[]} people in their order */
  update(people) {
    const focused = document.activeElement;
    const inside = this.#list.contains(focused);
    const ids = new Set(people.map((p) => p.id));
    for (const [id, row] of this.#rows) {
      if (!ids.has(id)) {
        row.element.remove();
        this.#rows.delete(id);
      }
    }
    people.forEach((p, i) => {
      let row = this.#rows.get(p.id);
      if (!row) {
        row = new Row(() => this.#actions(p.id));
        this.#rows.set(p.id, row);
      }
      row.update(p);
      if (this.#list.children[i] !== row.element) {
        this.#list.insertBefore(row.element, this.#list.children[i] ?? null);
      }
    });
    if (people.length > many && !this.#search.isConnected) {
      this.element.prepend(this.#search);
    } else if (people.length <= many && this.#search.value === '' && document.activeElement !== this.#search) {
      this.#search.remove();
    }
    this.#filter();
    if (inside && document.activeElement !== focused) {
      this.#keepFocus(focused);
    }
  }

  /** An element that was moved or removed has lost the focus. @param {Element|null} focused */
  #keepFocus(focused) {
    if (focused instanceof HTMLElement && this.#list.contains(focused)) {
      focused.focus();
    }
    if (document.activeElement !== focused) {
      this.#list.focus();
    }
  }

  #filter() {
    const wanted = this.#search.value.trim().toLocaleLowerCase();
    let found = 0;
    for (const row of this.#rows.values()) {
      row.element.hidden = !row.name.toLocaleLowerCase().includes(wanted);
      found += Number(!row.element.hidden);
    }
    setText(this.#none, found === 0 && wanted !== '' ? t('people.nobody', { text: this.#search.value.trim() }) : '');
  }
}

/** Row is one person. */
class Row {
  name = '';
  #avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  #name = h('bdi', {});
  #about = h('span', { class: 'person-about' });
  #hand = mark('hand', 'person-hand');
  #away = mark('alert', 'person-away');
  #screen = mark('share', 'person-on');
  #mic = mark('mic');
  #cam = mark('cam');
  #more = h('button', { type: 'button', class: 'button ghost icon-button' }, icon('more'));
  element = h('li', { class: 'person' }, this.#avatar,
    h('span', { class: 'person-name' }, this.#name, this.#about),
    this.#hand, this.#away, this.#screen, this.#cam, this.#mic, this.#more);

  /** @param {() => (MenuItem|'separator')[]} actions */
  constructor(actions) {
    this.#more.hidden = true;
    menu(this.#more, actions);
    name(this.#away, t('people.away'));
    name(this.#screen, t('people.sharing'));
  }

  /** @param {Person} p */
  update(p) {
    if (p.name !== this.name || this.#name.textContent === '') {
      this.name = p.name;
      setText(this.#name, p.name);
      set(this.#name, 'title', p.name);
      setText(this.#avatar, initials(p.name));
      this.#avatar.style.setProperty('--colour', p.colour);
      name(this.#more, t('people.actions', { name: p.name }));
    }
    setText(this.#about, [p.self && t('people.you'), p.leads && t('people.moderator')].filter(Boolean).join(' · '));
    this.#hand.hidden = p.hand === 0;
    if (p.hand > 0) {
      name(this.#hand, t('people.hand', { n: p.hand }));
      set(this.#hand, 'data-place', p.hand);
    }
    this.#away.hidden = !p.away;
    this.#screen.hidden = !p.screen;
    name(this.#mic, t(p.mic ? 'people.micOn' : 'tile.muted'));
    setIcon(this.#mic, p.mic ? 'mic' : 'micOff');
    this.#mic.classList.toggle('person-off', !p.mic);
    name(this.#cam, t(p.cam ? 'people.camOn' : 'people.camOff'));
    setIcon(this.#cam, p.cam ? 'cam' : 'camOff');
    this.#cam.classList.toggle('person-off', !p.cam);
    this.#more.hidden = !p.actions;
  }
}

/**
 * @param {import('./icons.js').IconName} what
 * @param {string} [style]
 */
const mark = (what, style = '') => h('span', { class: `person-mark ${style}`.trim(), role: 'img' }, icon(what));

/** @param {Element} el @param {string} text its accessible name, and its tooltip */
function name(el, text) {
  set(el, 'aria-label', text);
  set(el, 'title', text);
}
