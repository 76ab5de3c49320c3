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

/**
 * Whether who comes has to ask, as far as one can know: a room with a lobby tells
 * the names of its members to those alone who pass it.
 * @param {{members: number, names?: string[], lobby?: boolean}} room as the server tells it
 */
export function asks({ members, names = [], lobby = false }) {
  return lobby && members > 0 && names.length === 0;
}

/** Here tells who is in a room, as far as the server does. */
export class Here {
  element = h('p', { class: 'here', hidden: true });
  #room;
  #token;
  #onlook;
  #shown = '';
  #stop;

  /**
   * @param {string} room
   * @param {string|undefined} token that opens it
   * @param {(asks: boolean) => void} onlook is told whether who comes has to ask
   */
  constructor(room, token, onlook) {
    this.#room = room;
    this.#token = token;
    this.#onlook = onlook;
    this.#stop = whileSeen(() => this.#look());
  }

  async #look() {
    const room = await lookAt(this.#room, { token: this.#token }).catch(() => null);
    if (room) {
      this.#onlook(asks(room));
    }
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
