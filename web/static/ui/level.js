// @ts-check

/** Milliseconds between two looks. */
const every = 100;

/**
 * Level tells how loud a track is, ten times a second; with the page out of
 * sight browsers make it once a second.
 */
export class Level {
  #tell;
  /** @type {AudioContext|null} */
  #context = null;
  /** @type {MediaStreamTrack|null} */
  #track = null;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #timer;

  /**
   * @param {(loudness: number, silent: boolean) => void} tell 0 to 100, and
   *   whether there is nothing at all, not even noise
   */
  constructor(tell) {
    this.#tell = tell;
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
    this.#timer = setInterval(() => {
      if (context.state === 'suspended') {
        context.resume().catch(() => {}); // allowed once the visitor has clicked
        return;
      }
      analyser.getFloatTimeDomainData(samples);
      this.#tell(loudness(samples), samples.every((s) => s === 0));
    }, every);
  }

  stop() {
    clearInterval(this.#timer);
    this.#context?.close().catch(() => {});
    this.#context = null;
    this.#track = null;
  }
}

/**
 * @param {Float32Array} samples
 * @returns {number} 0 at -60 dB of full scale and below, 100 at -5 dB
 */
export function loudness(samples) {
  let sum = 0;
  for (const s of samples) {
    sum += s * s;
  }
  const db = 10 * Math.log10(sum / samples.length + 1e-10);
  return Math.min(100, Math.max(0, ((db + 60) / 55) * 100));
}
