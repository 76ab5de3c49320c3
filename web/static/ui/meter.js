// @ts-check
import { h, set } from './dom.js';

/**
 * Meter shows how loud a track is, ten times a second.
 */
export class Meter {
  #bar = h('span', { class: 'meter-bar' });
  element;
  /** @type {AudioContext|null} */
  #context = null;
  /** @type {MediaStreamTrack|null} */
  #track = null;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #timer;

  /** @param {string} label */
  constructor(label) {
    this.element = h('div', {
      class: 'meter', role: 'meter', 'aria-label': label,
      'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 0,
    }, this.#bar);
  }

  /** @param {MediaStreamTrack|null} track null for silence */
  listen(track) {
    if (track === this.#track) {
      return;
    }
    this.stop();
    this.#track = track;
    if (!track) {
      return;
    }
    const context = new AudioContext();
    this.#context = context;
    const analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let shown = 0;
    this.#timer = setInterval(() => {
      if (context.state === 'suspended') {
        context.resume().catch(() => {}); // allowed once the visitor has clicked
      }
      analyser.getFloatTimeDomainData(samples);
      shown = Math.max(loudness(samples), shown * 0.7);
      this.#draw(Math.round(shown));
    }, 100);
  }

  /** @param {number} value 0 to 100 */
  #draw(value) {
    set(this.element, 'aria-valuenow', value);
    this.#bar.style.transform = `scaleX(${value / 100})`;
  }

  stop() {
    clearInterval(this.#timer);
    this.#context?.close().catch(() => {});
    this.#context = null;
    this.#track = null;
    this.#draw(0);
  }
}

/**
 * @param {Float32Array} samples
 * @returns {number} 0 at -60 dB of full scale and below, 100 at -5 dB
 */
function loudness(samples) {
  let sum = 0;
  for (const s of samples) {
    sum += s * s;
  }
  const db = 10 * Math.log10(sum / samples.length + 1e-10);
  return Math.min(100, Math.max(0, ((db + 60) / 55) * 100));
}
