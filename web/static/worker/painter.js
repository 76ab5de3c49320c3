// @ts-check
import { seen } from './segmenter.js';
import { behind, copy, place, smooth, together } from './shaders.js';

/** Width of the picture that is blurred, in points. */
const blurred = 320;
/** How far the blur reaches, in points of the blurred picture, and how often it is done. */
const blurs = { slight: { reach: 1, times: 1 }, blur: { reach: 2, times: 2 } };

/** @typedef {{texture: WebGLTexture, frame: WebGLFramebuffer, width: number, height: number}} Target */
/** @typedef {{program: WebGLProgram, at: (name: string) => WebGLUniformLocation|null}} Program */
/** @typedef {TexImageSource|VideoFrame} Source */

/**
 * How much of a picture is shown so that it covers another one, centred.
 * @param {{width: number, height: number}} picture
 * @param {{width: number, height: number}} all that is to be covered
 * @returns {[number, number]} shares of its width and height
 */
export function cover(picture, all) {
  const ratio = (all.width / all.height) / (picture.width / picture.height);
  return ratio > 1 ? [1, 1 / ratio] : [ratio, 1];
}

/**
 * Painter puts people before a background, on the graphics processor.
 *
 * All textures have their first row at zero, and the canvas its last, so only
 * what is drawn onto the canvas is turned over.
 */
export class Painter {
  #gl;
  #array;
  #programs;
  /** What the camera sees. */
  #frame;
  /** The picture for the background, if there is one. @type {{texture: WebGLTexture, width: number, height: number}|null} */
  #picture = null;
  /** What the segmenter looks at. @type {Target|null} */
  #seen = null;
  /** @type {Target[]} */
  #small = [];
  /** @type {keyof typeof blurs} */
  #blur = 'blur';

  /** @param {WebGL2RenderingContext} gl */
  constructor(gl) {
    this.#gl = gl;
    this.#array = gl.createVertexArray(); // without attributes
    this.#programs = {
      copy: this.#program(copy), behind: this.#program(behind), smooth: this.#program(smooth), together: this.#program(together),
    };
    this.#frame = this.#texture();
  }

  /**
   * @param {string} choice
   * @param {ImageBitmap|OffscreenCanvas|null} picture for the background; the blur of the choice without one
   */
  choose(choice, picture) {
    const gl = this.#gl;
    if (this.#picture) {
      gl.deleteTexture(this.#picture.texture);
    }
    this.#picture = null;
    this.#blur = choice === 'slight' ? 'slight' : 'blur';
    if (picture) {
      this.#picture = { texture: this.#texture(), width: picture.width, height: picture.height };
      this.#upload(this.#picture.texture, picture);
    }
  }

  /**
   * Takes a picture of the camera, and draws it as the segmenter wants it.
   * @param {Source} source
   * @param {WebGLTexture} input of the segmenter, always the same one
   */
  look(source, input) {
    const gl = this.#gl;
    this.#upload(this.#frame, source);
    this.#seen ??= this.#target(input, seen);
    this.#begin();
    this.#use('copy', { picture: this.#frame });
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#seen.frame);
    this.#draw(seen);
    this.#end();
  }

  /**
   * Draws onto the canvas.
   * @param {WebGLTexture} mask of the segmenter
   */
  paint(mask) {
    const gl = this.#gl;
    const { canvas } = gl;
    this.#begin();
    const back = this.#picture ?? this.#blurred(mask);
    const [x, y] = this.#picture ? cover(this.#picture, canvas) : [1, 1];
    const { at } = this.#use('together', { frame: this.#frame, mask, back: back.texture });
    gl.uniform2f(at('cover'), x, y);
    gl.uniform1f(at('turn'), 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    this.#draw(canvas);
    this.#end();
  }

  /**
   * Blurs what is behind people, without what is before it: colours are weighted
   * by how likely they are of the background, and the weights are blurred as well.
   * @param {WebGLTexture} mask
   * @returns {Target}
   */
  #blurred(mask) {
    const gl = this.#gl;
    const [one, two] = this.#targets();
    this.#use('behind', { frame: this.#frame, mask });
    gl.bindFramebuffer(gl.FRAMEBUFFER, one.frame);
    this.#draw(one);
    const { reach, times } = blurs[this.#blur];
    for (let i = 0; i < times; i++) {
      for (const [from, to, x, y] of /** @type {[Target, Target, number, number][]} */ ([[one, two, reach, 0], [two, one, 0, reach]])) {
        const { at } = this.#use('smooth', { picture: from.texture });
        gl.uniform2f(at('stride'), x / from.width, y / from.height);
        gl.bindFramebuffer(gl.FRAMEBUFFER, to.frame);
        this.#draw(to);
      }
    }
    return one;
  }

  /** The two pictures that the blur is drawn into by turns. */
  #targets() {
    const gl = this.#gl;
    const { width, height } = gl.canvas;
    const size = { width: blurred, height: Math.max(1, Math.round(blurred * height / width)) };
    if (this.#small[0]?.height !== size.height) {
      this.#small.forEach((t) => (gl.deleteTexture(t.texture), gl.deleteFramebuffer(t.frame)));
      this.#small = [0, 1].map(() => this.#target(this.#texture(), size));
    }
    return this.#small;
  }

  /**
   * @param {WebGLTexture} texture
   * @param {{width: number, height: number}} size
   * @returns {Target} the texture, to be drawn into
   */
  #target(texture, { width, height }) {
    const gl = this.#gl;
    const frame = /** @type {WebGLFramebuffer} */ (gl.createFramebuffer());
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    return { texture, frame, width, height };
  }

  /** @returns {WebGLTexture} that is bound, too */
  #texture() {
    const gl = this.#gl;
    const texture = /** @type {WebGLTexture} */ (gl.createTexture());
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const [name, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.LINEAR], [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ]) {
      gl.texParameteri(gl.TEXTURE_2D, name, value);
    }
    return texture;
  }

  /**
   * @param {WebGLTexture} texture
   * @param {Source} source
   */
  #upload(texture, source) {
    const gl = this.#gl;
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, /** @type {TexImageSource} */ (source));
  }

  /** MediaPipe draws in the same context, so nothing is as it was left. */
  #begin() {
    const gl = this.#gl;
    [gl.BLEND, gl.DEPTH_TEST, gl.STENCIL_TEST, gl.SCISSOR_TEST, gl.CULL_FACE].forEach((c) => gl.disable(c));
    gl.colorMask(true, true, true, true);
    gl.bindVertexArray(this.#array);
  }

  /** Leaves nothing that MediaPipe could take for its own. */
  #end() {
    const gl = this.#gl;
    for (let i = 2; i >= 0; i--) {
      gl.activeTexture(gl.TEXTURE0 + i);
      gl.bindTexture(gl.TEXTURE_2D, null);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.bindVertexArray(null);
    gl.useProgram(null);
  }

  /**
   * @param {'copy'|'behind'|'smooth'|'together'} name
   * @param {Record<string, WebGLTexture>} textures by the names that the program has for them
   * @returns {Program}
   */
  #use(name, textures) {
    const gl = this.#gl;
    const p = this.#programs[name];
    gl.useProgram(p.program);
    Object.entries(textures).forEach(([name, texture], i) => {
      gl.activeTexture(gl.TEXTURE0 + i);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(p.at(name), i);
    });
    return p;
  }

  /** @param {{width: number, height: number}} size */
  #draw({ width, height }) {
    this.#gl.viewport(0, 0, width, height);
    this.#gl.drawArrays(this.#gl.TRIANGLES, 0, 3);
  }

  /**
   * @param {string} fragment
   * @returns {Program}
   */
  #program(fragment) {
    const gl = this.#gl;
    const program = /** @type {WebGLProgram} */ (gl.createProgram());
    for (const [kind, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, place], [gl.FRAGMENT_SHADER, fragment]])) {
      const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`link a shader: ${gl.getProgramInfoLog(program)}`);
    }
    /** @type {Map<string, WebGLUniformLocation|null>} */
    const known = new Map();
    return {
      program,
      at: (name) => {
        if (!known.has(name)) {
          known.set(name, gl.getUniformLocation(program, name));
        }
        return known.get(name) ?? null;
      },
    };
  }
}
