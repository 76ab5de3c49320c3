// @ts-check
import { keptPicture } from './picture.js';
/** @import {Choice} from './backgrounds.js' */
/** @import {Order, Word} from '../worker/background-worker.js' */

const script = '/page/background-worker.js';
/** Milliseconds that the first picture may take: the model is 2 MB to fetch. */
const patience = 60_000;
/** Pictures a second where the camera does not say how many it takes. */
const usual = 30;

/**
 * Effect is a camera's picture with another background. The work is done by a
 * thread of its own, which gets and gives streams of pictures where the browser
 * has them, as Chromium does; elsewhere the page hands pictures to and fro.
 */
export class Effect {
  /** What is made of the camera's track. @type {MediaStreamTrack} */
  track;
  #source;
  #worker = new Worker(script);
  /** Has the worker begin. @type {() => void} */
  #begin;
  #onend = (/** @type {string} */ _code) => {};
  /** Where the camera is played to take pictures, without streams. @type {HTMLVideoElement|null} */
  #video = null;
  /** @type {ImageBitmapRenderingContext|null} */
  #shown = null;

  /** @param {MediaStreamTrack} source of the camera; it is not stopped */
  constructor(source) {
    this.#source = source;
    [this.track, this.#begin] = this.#canStream() ? this.#stream() : this.#exchange();
  }

  /**
   * Makes one, when its first picture is there.
   * @param {MediaStreamTrack} source
   * @param {Choice} choice
   * @param {(code: string) => void} onend it has ended by itself, later
   * @returns {Promise<Effect>}
   */
  static async begin(source, choice, onend) {
    const effect = new Effect(source);
    try {
      await Promise.all([effect.#first(), effect.choose(choice).then(effect.#begin)]);
    } catch (err) {
      effect.close();
      throw err;
    }
    effect.#onend = onend;
    return effect;
  }

  /** Listens to the worker. @returns {Promise<void>} settled when the first picture is there, or will not come */
  #first() {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the first picture takes too long')), patience);
      this.#worker.onerror = (e) => reject(new Error(e.message || 'the worker did not start'));
      this.#worker.onmessage = (/** @type {MessageEvent<Word>} */ { data: word }) => {
        if (word.ready || word.end) {
          clearTimeout(late);
          word.ready ? resolve() : reject(new Error(word.error ?? word.end));
        }
        this.#told(word);
      };
    });
  }

  /** @param {Word} word of the worker */
  #told(word) {
    if (word.want) {
      this.#give();
    }
    if (word.drawn && this.#shown) {
      const { canvas } = this.#shown;
      Object.assign(canvas, { width: word.drawn.width, height: word.drawn.height });
      this.#shown.transferFromImageBitmap(word.drawn);
    }
    if (word.end) {
      this.#onend(word.end);
    }
  }

  /** @param {Choice} choice that is drawn by the page */
  async choose(choice) {
    const picture = choice === 'own' ? await keptPicture() : null;
    this.#order({ choice, picture }, picture ? [picture] : []);
  }

  /**
   * @param {Order} order
   * @param {Transferable[]} [transfer]
   */
  #order(order, transfer = []) {
    this.#worker.postMessage(order, transfer);
  }

  #canStream() {
    return 'MediaStreamTrackProcessor' in window && 'MediaStreamTrackGenerator' in window;
  }

  /** @returns {[MediaStreamTrack, () => void]} what is made of the camera, and what begins it */
  #stream() {
    const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = /** @type {any} */ (window);
    const generator = new Generator({ kind: 'video' });
    return [generator, () => {
      const { readable } = new Processor({ track: this.#source, maxBufferSize: 1 }); // the newest picture alone
      this.#order({ readable, writable: generator.writable }, [readable, generator.writable]);
    }];
  }

  /** @returns {[MediaStreamTrack, () => void]} */
  #exchange() {
    const video = document.createElement('video');
    Object.assign(video, { muted: true, playsInline: true, srcObject: new MediaStream([this.#source]) });
    video.play().catch(() => {}); // then no picture comes, and it is given up
    this.#video = video;
    const canvas = document.createElement('canvas');
    this.#shown = canvas.getContext('bitmaprenderer');
    return [canvas.captureStream().getVideoTracks()[0], () => this.#order({ rate: this.#source.getSettings().frameRate || usual })];
  }

  /** Gives the worker the picture that there is now. */
  async #give() {
    if (this.#video && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      const frame = await createImageBitmap(this.#video);
      this.#order({ frame }, [frame]);
    }
  }

  /** Ends it; the camera goes on. */
  close() {
    this.#onend = () => {};
    this.#order({ stop: true });
    setTimeout(() => this.#worker.terminate(), 1000); // if it hangs
    this.track.stop();
    if (this.#video) {
      this.#video.srcObject = null;
      this.#video = null;
    }
  }
}
