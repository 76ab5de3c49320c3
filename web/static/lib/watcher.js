// @ts-check
import { Emitter } from './emitter.js';
import { Subscriptions } from './subscriptions.js';
/** @import {Need, Slot} from './protocol.js' */
/** @import {Roster} from './roster.js' */
/** @import {Session} from './session.js' */
/** @import {Wish} from './types.js' */

/**
 * Watcher receives what others publish: it keeps what is asked for, the slots of
 * the connection and what is in them in step.
 *
 * Event: `slots`.
 *
 * @extends {Emitter<{slots: void}>}
 */
export class Watcher extends Emitter {
  /** @type {Session} */
  #session;
  /** @type {Roster} */
  #roster;
  /** @type {Subscriptions} */
  #subscriptions;

  /**
   * @param {Session} session
   * @param {Roster} roster
   */
  constructor(session, roster) {
    super();
    this.#session = session;
    this.#roster = roster;
    this.#subscriptions = new Subscriptions((name, arg) => session.request(name, arg), (ack) => {
      this.label(ack.slots);
      this.#grow(ack.need ?? {});
    }, (id) => roster.publications.get(id)?.kind === 'audio');
    session.on('slots', () => this.emit('slots', undefined));
    session.signal.on('slots', (e) => this.label(e.slots));
    session.signal.on('need', (/** @type {Need} */ e) => this.#grow(e));
  }

  /** @param {Iterable<[id: string, wish: Wish]>} wanted */
  want(wanted) {
    const list = [...wanted];
    const video = list.filter(([id, wish]) => wish && this.#roster.publications.get(id)?.kind === 'video');
    this.#subscriptions.want(list);
    this.#grow({ video: video.length });
  }

  /** Starts over with a new session. */
  reset() {
    this.#subscriptions.reset();
  }

  /** Asks for what was wanted while the join was under way. */
  flush() {
    this.#subscriptions.flush();
  }

  /** Forgets publications that are gone. */
  sweep() {
    const exists = (/** @type {string} */ id) => this.#roster.publications.has(id);
    this.#subscriptions.sweep(exists);
    if (this.#session.connection?.slots.sweep(exists)) {
      this.emit('slots', undefined);
    }
  }

  /** @param {Slot[]} [slots] */
  label(slots) {
    if (this.#session.connection?.slots.label(slots)) {
      this.emit('slots', undefined);
    }
  }

  /** @param {Need} need */
  async #grow(need) {
    const c = this.#session.connection;
    if (c && this.#session.state === 'joined' && (c.grow(need) || need.restart)) {
      await c.negotiate({ restart: need.restart }).catch(() => {});
      this.#subscriptions.retry();
    }
  }
}
