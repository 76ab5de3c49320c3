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
  /** The room in which they are. */
  #where = '';
  /** What the visitor wants and the server has not told yet. @type {boolean|null} */
  #wish = null;
  #asking = false;
  /** Whether one's own hand was up when it was looked at last. */
  #was = false;

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
    this.#ctx.toolbar.update({ hand: { on: this.#wish ?? this.#up } });
  }

  /** One request at a time; the last press counts, however fast they come. */
  async #toggle() {
    this.#wish = !(this.#wish ?? this.#up);
    this.update();
    if (this.#asking) {
      return;
    }
    this.#asking = true;
    const { room, toasts, update } = this.#ctx;
    try {
      for (let said = null; this.#wish !== null && said !== this.#wish;) {
        said = this.#wish;
        await room.talk.raise(said);
      }
    } catch (err) {
      this.#wish = null;
      toasts.show(/** @type {any} */ (err)?.code ?? 'internal');
    } finally {
      this.#asking = false;
      this.#settle();
      update();
    }
  }

  /** Gives the wish up when it has come true, or somebody else decided since. */
  #settle() {
    if (!this.#asking && (this.#up === this.#wish || this.#up !== this.#was)) {
      this.#wish = null;
    }
    this.#was = this.#up;
  }

  #compare() {
    this.#settle();
    const { room, toasts } = this.#ctx;
    const up = room.members.filter((m) => m.hand);
    const known = this.#where === room.name ? this.#known : null;
    this.#where = room.name;
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
