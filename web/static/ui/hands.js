// @ts-check
import { t } from './i18n.js';
/** @import {Context} from './call.js' */

/**
 * Hands lets the visitor raise a hand, and tells moderators who raised one. What
 * is up is seen on the tiles, and as a queue in the list of people.
 */
export class Hands {
  #ctx;
  #off;
  /** Who had a hand up when it was looked at last. @type {Set<string>|null} */
  #known = null;
  /** What was asked for and is not told by the server yet. @type {boolean|null} */
  #asked = null;

  /** @param {Context} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
    ctx.toolbar.add({ id: 'hand', icon: 'hand', toggles: true, key: 'h', onclick: () => this.#toggle() });
    this.#off = ctx.room.on('roster', () => this.#compare());
  }

  get #up() {
    const { members, self } = this.#ctx.room;
    return Boolean(members.find((m) => m.id === self?.id)?.hand);
  }

  update() {
    this.#ctx.toolbar.update({ hand: { on: this.#asked ?? this.#up } });
  }

  async #toggle() {
    if (this.#asked !== null) {
      return;
    }
    const { room, toasts, update } = this.#ctx;
    this.#asked = !this.#up;
    this.update();
    try {
      await room.talk.raise(this.#asked);
    } catch (err) {
      toasts.show(/** @type {any} */ (err)?.code ?? 'internal');
    } finally {
      this.#asked = null;
      update();
    }
  }

  #compare() {
    const { room, toasts } = this.#ctx;
    const up = room.members.filter((m) => m.hand);
    const known = this.#known;
    this.#known = new Set(up.map((m) => m.id));
    if (known && room.can.moderate) {
      for (const m of up.filter((m) => !known.has(m.id) && m.id !== room.self?.id)) {
        toasts.note(t('note.hand', { name: m.name }));
      }
    }
  }

  close() {
    this.#off();
  }
}
