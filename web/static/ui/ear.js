// @ts-check

/** How loud speech is at least, of 100. */
const speech = 45;
/** Looks, of a tenth of a second, that make speech of sounds. */
const enough = 5;
/** Looks after which a microphone that gives nothing is remarkable. */
const patience = 80;
/** Looks for which nothing is said again about talking. */
const pause = 300;

/** @typedef {'talking'|'silent'|''} Notice */

/**
 * Ear notices what people do not: that they talk while they are muted, and that
 * their microphone gives nothing at all. It is told of each look at the level.
 */
export class Ear {
  #loud = 0;
  #pause = 0;
  #nothing = 0;
  #heard = false;

  /** Another microphone is listened to. */
  reset() {
    this.#loud = 0;
    this.#nothing = 0;
    this.#heard = false;
  }

  /**
   * @param {object} look
   * @param {number} look.loudness 0 to 100
   * @param {boolean} look.silent there is nothing at all
   * @param {boolean} look.muted by the person
   * @returns {Notice}
   */
  hear({ loudness, silent, muted }) {
    this.#heard ||= !silent;
    this.#pause = Math.max(0, this.#pause - 1);
    this.#nothing = this.#heard || muted ? 0 : this.#nothing + 1;
    this.#loud = muted && loudness > speech ? this.#loud + 1 : Math.max(0, muted ? this.#loud - 1 : 0);
    if (this.#loud >= enough && this.#pause === 0) {
      this.#pause = pause;
      return 'talking';
    }
    return this.#nothing === patience ? 'silent' : '';
  }
}
