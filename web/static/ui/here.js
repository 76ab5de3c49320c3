// @ts-check
import { lookAt } from '../lib/switchyard.js';
import { h } from './dom.js';
import { parts, t } from './i18n.js';
import { whileSeen } from './seen.js';

/** Names that are said at most; of more members, the first two. */
const most = 4;
const first = 2;

/**
 * Who of a room is named, and what is said of the others.
 * @param {{members: number, names?: string[]}} room as the server tells it
 * @returns {{say: 'nobody'|'one'|'some'|'more'|'count', names: string[], n: number}} `n` is
 *   how many there are, or, with `more`, how many beside those that are named
 */
export function whoIsHere({ members, names = [] }) {
  if (members === 0) {
    return { say: 'nobody', names: [], n: 0 };
  }
  if (names.length === 0) {
    return { say: 'count', names: [], n: members };
  }
  if (names.length < members || members > most) {
    const named = names.slice(0, first);
    return { say: 'more', names: named, n: members - named.length };
  }
  return { say: members === 1 ? 'one' : 'some', names, n: members };
}

/** Here tells who is in a room, as far as the server does. */
export class Here {
  element = h('p', { class: 'here', hidden: true });
  #room;
  #token;
  #shown = '';
  #stop;

  /** @param {string} room @param {string} [token] that opens it */
  constructor(room, token) {
    this.#room = room;
    this.#token = token;
    this.#stop = whileSeen(() => this.#look());
  }

  async #look() {
    const room = await lookAt(this.#room, { token: this.#token }).catch(() => null);
    const who = room && whoIsHere(room);
    const shown = JSON.stringify(who);
    if (shown === this.#shown) {
      return;
    }
    this.#shown = shown;
    this.element.hidden = !who;
    this.element.replaceChildren(...(who ? words(who) : []));
  }

  close() {
    this.#stop();
  }
}

/** @param {ReturnType<typeof whoIsHere>} who */
function words({ say, names, n }) {
  // Names keep to themselves, whichever way they are written.
  const list = new Intl.ListFormat(document.documentElement.lang, { style: 'narrow' }).formatToParts(names)
    .map((p) => (p.type === 'element' ? h('bdi', {}, p.value) : p.value));
  return parts(`lobby.here.${say}`, { names: h('span', {}, ...list) }, n);
}
