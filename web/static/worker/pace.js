// @ts-check

/** Milliseconds that are judged together. */
const span = 3000;
/** Share of the time that frames may take. */
const share = 0.8;
/** Share of the camera's frames that have to be drawn. */
const least = 2 / 3;

/**
 * Pace tells whether the drawing keeps up with the camera. All times are in
 * milliseconds; those of frames and those of the clock need not agree.
 *
 * A thread that is too slow is always at work, so the share of the time that it
 * works tells it without knowing how many frames it was not given. Where a
 * graphics processor is behind, the thread works little; then it shows by frames
 * that are missing between those that came.
 */
export class Pace {
  /** Of the last three seconds, the oldest first. @type {{now: number, at: number, took: number}[]} */
  #frames = [];
  #begun = NaN;

  /**
   * @param {number} now when it was drawn
   * @param {number} at when the camera took it
   * @param {number} took to draw it
   * @returns {boolean} whether it keeps up; for three seconds nothing else is said
   */
  push(now, at, took) {
    const frames = this.#frames;
    if (frames.length > 0 && now - frames[frames.length - 1].now > span) {
      frames.length = 0; // the camera or the machine was asleep
      this.#begun = NaN;
    }
    this.#begun = Number.isNaN(this.#begun) ? now : this.#begun;
    frames.push({ now, at, took });
    while (now - frames[0].now > span) {
      frames.shift();
    }
    return now - this.#begun < span || frames.length < 2 || !(this.#busy() || this.#behind());
  }

  #busy() {
    const frames = this.#frames;
    const took = frames.slice(1).reduce((sum, f) => sum + f.took, 0);
    return took > share * (frames[frames.length - 1].now - frames[0].now);
  }

  /**
   * The camera's interval is taken from the shorter gaps, since longer ones are
   * due to frames that are missing: a camera in the dark halves its rate, and
   * then all gaps are long.
   */
  #behind() {
    const frames = this.#frames;
    const gaps = frames.slice(1).map((f, i) => f.at - frames[i].at).sort((a, b) => a - b);
    const interval = gaps[Math.floor(gaps.length / 5)];
    const made = (frames[frames.length - 1].at - frames[0].at) / interval;
    return interval > 0 && gaps.length < least * made;
  }
}
