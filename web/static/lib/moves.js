// @ts-check
/** @import {MoveEvent} from './protocol.js' */
/** @import {Session} from './session.js' */

/**
 * Moves goes from room to room, one after the other, in the order in which it was
 * asked to.
 */
export class Moves {
  #session;
  /** Settled when the last one is over. @type {Promise<void>} */
  #last = Promise.resolve();

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * @param {MoveEvent} to
   * @returns {Promise<void>} settled when we are there
   */
  follow(to) {
    const going = this.#last.then(() => this.#session.go(to.room, to.token));
    this.#last = going.catch(() => {});
    return going;
  }
}
