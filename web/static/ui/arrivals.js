// @ts-check
/** @import {Context} from './call.js' */

/** Arrivals notes who comes and who goes, once one is there oneself. */
export class Arrivals {
  #room;
  #toasts;
  #off;
  /** Names by id. @type {Map<string, string>|null} */
  #known = null;
  /** The room in which they are. */
  #where = '';

  /** @param {Context} ctx */
  constructor({ room, toasts }) {
    this.#room = room;
    this.#toasts = toasts;
    this.#off = room.on('roster', () => this.#compare());
  }

  #compare() {
    const { members, name, self, state } = this.#room;
    if (!self || state !== 'joined') {
      return;
    }
    const now = new Map(members.map((m) => [m.id, m.name]));
    const known = this.#where === name && this.#known ? this.#known : now; // another room has other members
    this.#known = now;
    this.#where = name;
    for (const [id, name] of now) {
      if (!known.has(id) && id !== self.id) {
        this.#toasts.moved('joined', name);
      }
    }
    for (const [id, name] of known) {
      if (!now.has(id) && id !== self.id) {
        this.#toasts.moved('left', name);
      }
    }
  }

  close() {
    this.#off();
  }
}
