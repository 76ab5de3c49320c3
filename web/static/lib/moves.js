// @ts-check
/** @import {Chat} from './chat.js' */
/** @import {MoveEvent} from './protocol.js' */
/** @import {Session} from './session.js' */

/**
 * Moves goes from room to room, one after the other, in the order in which it was
 * asked to.
 */
export class Moves {
  #session;
  #chat;
  /** Settled when the last one is over. @type {Promise<void>} */
  #last = Promise.resolve();

  /** @param {Session} session @param {Chat} chat whose messages stay in the room they were written for */
  constructor(session, chat) {
    this.#session = session;
    this.#chat = chat;
  }

  /**
   * @param {MoveEvent} to
   * @returns {Promise<void>} settled when we are there
   */
  follow(to) {
    const going = this.#last.then(() => this.#go(to));
    this.#last = going.catch(() => {});
    return going;
  }

  /** @param {MoveEvent} to */
  async #go(to) {
    await this.#chat.hold();
    try {
      await this.#session.go(to.room, to.token);
    } finally {
      this.#chat.release();
    }
  }
}
