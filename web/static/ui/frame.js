// @ts-check

/** How long to wait for a frame that does not come, because the page is hidden, in milliseconds. */
const patience = 300;

/** Frame does one thing at most once a frame of the screen, however often it is asked to. */
export class Frame {
  #draw;
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;

  /** @param {() => void} draw */
  constructor(draw) {
    this.#draw = draw;
  }

  request() {
    if (this.#frame !== 0) {
      return;
    }
    const run = () => {
      this.cancel();
      this.#draw();
    };
    this.#frame = requestAnimationFrame(run);
    this.#timer = setTimeout(run, patience);
  }

  cancel() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = 0;
  }
}
