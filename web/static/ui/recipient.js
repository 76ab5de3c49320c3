// @ts-check
import { h, set } from './dom.js';
import { t } from './i18n.js';
/** @import {Room} from '../lib/room.js' */

/** Kinds of members who read nothing: they have no signalling. */
const silent = ['whip', 'whep', 'bot'];

/** Recipient chooses who gets a message: everybody, or one member. */
export class Recipient {
  #room;
  #select = h('select', { id: 'chat-to', onchange: () => this.#changed() });
  element = h('div', { class: 'chat-to', hidden: true }, h('label', { for: 'chat-to' }, t('chat.to')), this.#select);
  #onchange;
  /** The members that can be chosen, as they were last. */
  #known = '';

  /** @param {Room} room @param {(name: string) => void} onchange is told a name, empty for everybody */
  constructor(room, onchange) {
    this.#room = room;
    this.#onchange = onchange;
    this.#select.append(h('option', { value: '' }, t('chat.everyone')));
  }

  /** Id of the member; empty for everybody. */
  get value() {
    return this.#select.value;
  }

  /** Whoever was chosen stays chosen when gone: what was meant for one must not reach all. */
  update() {
    const others = this.#room.members.filter((m) => m.id !== this.#room.self?.id && !silent.includes(m.kind));
    const key = JSON.stringify(others.map((m) => [m.id, m.name]));
    if (key === this.#known) {
      return;
    }
    this.#known = key;
    const old = new Map([...this.#select.options].map((o) => [o.value, o]));
    const chosen = this.value;
    for (const m of others) {
      const option = old.get(m.id) ?? this.#select.appendChild(h('option', { value: m.id }));
      if (option.textContent !== m.name) {
        option.textContent = m.name;
      }
      option.disabled = false;
      old.delete(m.id);
    }
    for (const [id, option] of old) {
      if (id !== '' && id !== chosen) {
        option.remove();
      } else if (id !== '') {
        option.disabled = true;
      }
    }
    this.element.hidden = others.length === 0 && chosen === '';
  }

  /**
   * In another room nobody writes to who was left behind: everybody is chosen.
   * @returns {boolean} whether somebody was chosen who is not there
   */
  renew() {
    const gone = this.value !== '' && !this.#room.members.some((m) => m.id === this.value);
    if (gone) {
      this.#select.value = '';
      this.#changed();
    }
    this.update();
    return gone;
  }

  #changed() {
    const name = this.value ? this.#select.selectedOptions[0].text : '';
    set(this.element, 'data-private', name ? 'true' : null);
    this.#onchange(name);
  }
}
