// @ts-check
const base = '/vendor/mediapipe/';
const name = 'selfie_segmentation';
const build = `${name}_solution_simd_wasm_bin`;
/** Where the graph looks for its models. */
const models = 'third_party/mediapipe/modules/selfie_segmentation/';
/** Renderers that are programs, on which the model runs better without them. */
const software = /swiftshader|llvmpipe|software|basic render/i;

/** Size of the picture that the model is given: it makes it smaller still. */
export const seen = { width: 256, height: 144 };

/** @param {string} file */
async function bytes(file) {
  const response = await fetch(base + file);
  if (!response.ok) {
    throw new Error(`fetch ${file}: status ${response.status}`);
  }
  return response.arrayBuffer();
}

/**
 * Segmenter tells people from what is behind them, by MediaPipe's selfie
 * segmentation. It shares a WebGL context with the painter, so that neither
 * pictures nor masks leave the graphics processor.
 */
export class Segmenter {
  #module;
  #solution;
  /** Name that MediaPipe knows the texture by which it is given. */
  #input;
  /** What was found last. @type {any} */
  #mask = null;

  /**
   * @param {any} module of Emscripten
   * @param {any} solution
   */
  constructor(module, solution) {
    this.#module = module;
    this.#solution = solution;
    this.#input = module.createTexture();
    const wants = new module.StringList();
    wants.push_back('segmentation_mask');
    solution.attachMultiListener(wants, module.PacketListener.implement({
      onResults: (/** @type {any} */ results) => {
        this.#mask?.delete(); // which gives its texture back
        this.#mask = results.get(0);
      },
    }));
    wants.delete();
  }

  /**
   * @param {OffscreenCanvas} canvas
   * @param {WebGL2RenderingContext} gl of the canvas
   * @param {boolean} wide whether the pictures are wider than high
   */
  static async load(canvas, gl, wide) {
    const scope = /** @type {any} */ (self);
    const model = `${name}${wide ? '_landscape' : ''}.tflite`;
    const files = Promise.all([bytes(`${name}.binarypb`), bytes(model)]);
    scope.importScripts(`${base}${build}.js`);
    const module = await scope.createMediapipeSolutionsWasm({ locateFile: (/** @type {string} */ file) => base + file, canvas });
    module.GL.makeContextCurrent(module.GL.registerContext(gl, { majorVersion: 2, minorVersion: 0 }));
    const solution = new module.SolutionWasm();
    const [graph, weights] = await files;
    solution.loadGraph(graph);
    solution.overrideFile(models + model, weights);
    const segmenter = new Segmenter(module, solution);
    segmenter.#set({ calculatorName: 'ConstantSidePacketCalculatorModelSelection', calculatorType: 'ConstantSidePacketCalculator', fieldName: 'int_value', valueNumber: wide ? 1 : 0 });
    segmenter.#set({ calculatorType: 'InferenceCalculator', fieldName: 'use_cpu_inference', valueBoolean: software.test(renderer(gl)) });
    return segmenter;
  }

  /** @param {object} change of an option of the graph */
  #set(change) {
    const list = new this.#module.GraphOptionChangeRequestList();
    list.push_back({ calculatorName: '', calculatorIndex: 0, valueNumber: 0, valueBoolean: false, valueString: '', ...change });
    this.#solution.changeOptions(list);
    list.delete();
  }

  /** The texture that {@link find} looks at, to draw the picture into. @returns {WebGLTexture} */
  get input() {
    return this.#module.GL.textures[this.#input];
  }

  /**
   * @param {number} at when the picture was taken, in milliseconds; grows
   * @returns {WebGLTexture|null} how likely each point is one of a person, in red
   */
  find(at) {
    const packets = new this.#module.PacketDataList();
    packets.pushTexture2d({ glName: this.#input, ...seen, stream: 'input_frames_gpu', timestamp: 1000 * at });
    this.#solution.send(packets); // which calls onResults
    packets.delete();
    return this.#mask && this.#module.GL.textures[this.#mask.glName];
  }
}

/** @param {WebGL2RenderingContext} gl */
function renderer(gl) {
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}
