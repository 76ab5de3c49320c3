// @ts-check
import { Effect } from './effect.js';
/** @import {Choice} from './backgrounds.js' */

/** @typedef {'nobody'|'camera'|'page'} Doer */
/** @typedef {{backgroundBlur?: boolean[]}} Capabilities of a camera, as far as they matter here */

/**
 * The camera blurs by itself where it can, since that costs the page nothing.
 * It cannot do so slightly.
 * @param {Choice} choice
 * @param {Capabilities} can
 * @returns {Doer}
 */
export function doer(choice, can) {
  if (choice === 'none') {
    return 'nobody';
  }
  return choice === 'blur' && can.backgroundBlur?.includes(true) ? 'camera' : 'page';
}

/** BackgroundMaker has the camera or an effect of the page make the background. */
export class BackgroundMaker {
  #onend;
  /** @type {Effect|null} */
  #effect = null;
  /** What the effect is made of. @type {MediaStreamTrack|null} */
  #camera = null;

  /** @param {(code: string) => void} onend the background ended by itself, and why */
  constructor(onend) {
    this.#onend = onend;
  }

  /**
   * @param {MediaStreamTrack} camera
   * @param {Choice} choice
   * @returns {Promise<MediaStreamTrack>} what is to be shown: the same track, or one that
   *   is made of it and ends with {@link off}
   */
  async make(camera, choice) {
    const can = /** @type {Capabilities} */ (camera.getCapabilities?.() ?? {});
    const byCamera = doer(choice, can) === 'camera' && (await blur(camera, true));
    if (!byCamera && can.backgroundBlur?.includes(false) && /** @type {any} */ (camera.getConstraints()).backgroundBlur) {
      await blur(camera, false);
    }
    if (byCamera || choice === 'none') {
      this.off();
      return camera;
    }
    if (this.#effect && this.#camera === camera) {
      await this.#effect.choose(choice);
      return this.#effect.track;
    }
    this.off();
    const effect = await Effect.begin(camera, choice, (code) => this.#effect === effect && this.#onend(code));
    this.#effect = effect;
    this.#camera = camera;
    return effect.track;
  }

  /** Ends what is made of the camera; the camera itself goes on. */
  off() {
    this.#effect?.close();
    this.#effect = null;
    this.#camera = null;
  }
}

/**
 * @param {MediaStreamTrack} camera
 * @param {boolean} on
 * @returns {Promise<boolean>} whether the camera does it
 */
async function blur(camera, on) {
  const wanted = /** @type {MediaTrackConstraints} */ ({ ...camera.getConstraints(), backgroundBlur: on });
  await camera.applyConstraints(wanted).catch(() => {}); // it goes on as it is
  return /** @type {any} */ (camera.getSettings()).backgroundBlur === on;
}
