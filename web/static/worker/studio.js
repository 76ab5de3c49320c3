// @ts-check
import { Pace } from './pace.js';
import { Painter } from './painter.js';
import { picture } from './pictures.js';
import { Segmenter } from './segmenter.js';
/** @import {Source} from './painter.js' */

/**
 * Studio has what it takes to draw: it loads it with the first picture, draws one
 * picture at a time, and watches its own pace.
 */
export class Studio {
  #canvas = new OffscreenCanvas(1, 1);
  #onslow;
  #gl;
  #painter;
  /** @type {Segmenter|null} */
  #segmenter = null;
  #pace = new Pace();
  #last = -1;

  /**
   * @param {() => void} onslow it does not keep up with the camera
   * @param {(err: Error) => void} onlost the graphics processor is gone
   */
  constructor(onslow, onlost) {
    this.#onslow = onslow;
    const gl = this.#canvas.getContext('webgl2', { antialias: false, alpha: false, depth: false, stencil: false, powerPreference: 'low-power' });
    if (!gl) {
      throw new Error('there is no WebGL 2');
    }
    this.#canvas.addEventListener('webglcontextlost', () => onlost(new Error('the WebGL context is lost')));
    this.#gl = gl;
    this.#painter = new Painter(gl);
  }

  /**
   * @param {string} choice
   * @param {ImageBitmap|null} own picture of the visitor's
   */
  choose(choice, own) {
    this.#painter.choose(choice, choice === 'own' ? own : picture(choice));
    own?.close();
  }

  /**
   * @param {Source} source
   * @param {number} width
   * @param {number} height
   * @param {number} at when it was taken, in milliseconds
   * @returns {Promise<OffscreenCanvas|null>} with what was drawn; null where nothing was found out yet
   */
  async draw(source, width, height, at) {
    if (width === 0 || height === 0) {
      return null;
    }
    this.#segmenter ??= await Segmenter.load(this.#canvas, this.#gl, width > height);
    const begun = performance.now();
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      Object.assign(this.#canvas, { width, height });
    }
    this.#painter.look(source, this.#segmenter.input);
    this.#last = Math.max(at, this.#last + 1); // the segmenter's clock may not stand still
    const mask = this.#segmenter.find(this.#last);
    if (!mask) {
      return null;
    }
    this.#painter.paint(mask);
    const now = performance.now();
    if (!this.#pace.push(now, at, now - begun)) {
      this.#onslow();
    }
    return this.#canvas;
  }

  close() {
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}
