// @ts-check
import { h } from './dom.js';
import { canChooseSpeaker } from './media.js';
/** @import {SlotPlace} from '../lib/slots.js' */

/**
 * Sound plays the audio slots, one element each for as long as the slot
 * lives. Browsers may refuse to play before the visitor has clicked; then
 * `onBlocked` is told.
 */
export class Sound {
  element = h('div', { hidden: true });
  /** @type {Map<MediaStream, HTMLAudioElement>} */
  #players = new Map();
  /** How loud publications are, by id: 1 unless the visitor chose. @type {Map<string, number>} */
  #volumes = new Map();
  #speaker = '';
  /** @type {SlotPlace[]} */
  #slots = [];
  #onBlocked;
  #blocked = false;
  /** The first press of anything lets the browser play. */
  #onPress = () => this.unblock();

  /** @param {(blocked: boolean) => void} onBlocked */
  constructor(onBlocked) {
    this.#onBlocked = onBlocked;
  }

  /** @param {SlotPlace[]} slots of the present connection */
  update(slots) {
    const streams = new Set(slots.filter((s) => s.kind === 'audio').map((s) => s.stream));
    for (const [stream, player] of this.#players) {
      if (!streams.has(stream)) {
        player.srcObject = null;
        player.remove();
        this.#players.delete(stream);
      }
    }
    for (const stream of streams) {
      if (!this.#players.has(stream)) {
        const player = h('audio', { autoplay: true });
        player.srcObject = stream;
        this.#players.set(stream, player);
        this.element.append(player);
        route(player, this.#speaker);
        this.#play(player);
      }
    }
    this.#slots = slots;
    this.#adjust();
  }

  /** Makes each slot as loud as what it carries now. */
  #adjust() {
    for (const { stream, publication } of this.#slots) {
      const player = this.#players.get(stream);
      const volume = publication === null ? 1 : this.volume(publication);
      if (player && player.volume !== volume) {
        player.volume = volume;
      }
    }
  }

  /** @param {string} publication @returns {number} 0 to 1 */
  volume(publication) {
    return this.#volumes.get(publication) ?? 1;
  }

  /** @param {string} publication @param {number} volume 0 to 1 */
  setVolume(publication, volume) {
    this.#volumes.set(publication, volume);
    this.#adjust();
  }

  /** @param {HTMLAudioElement} player */
  #play(player) {
    player.play().catch((err) => {
      if (err.name === 'NotAllowedError' && this.#players.has(/** @type {MediaStream} */ (player.srcObject))) {
        this.#block(true);
      }
    });
  }

  /** @param {boolean} blocked */
  #block(blocked) {
    if (this.#blocked !== blocked) {
      this.#blocked = blocked;
      for (const event of ['click', 'keydown']) {
        document[blocked ? 'addEventListener' : 'removeEventListener'](event, this.#onPress);
      }
      this.#onBlocked(blocked);
    }
  }

  /** Plays what was blocked. Called from a press of a button or key. */
  unblock() {
    this.#block(false);
    for (const player of this.#players.values()) {
      this.#play(player);
    }
  }

  /** @param {string} id of the output, empty for the default one */
  set speaker(id) {
    if (this.#speaker !== id) {
      this.#speaker = id;
      this.#players.forEach((p) => route(p, id));
    }
  }

  stop() {
    this.#block(false);
    this.update([]);
  }
}

/**
 * @param {HTMLMediaElement} player
 * @param {string} id
 */
function route(player, id) {
  if (canChooseSpeaker) {
    player.setSinkId(id).catch(() => player.setSinkId('').catch(() => {}));
  }
}

/** Milliseconds that {@link chime} may take. */
const longest = 2500;

/**
 * Plays two soft notes on the chosen output.
 * @param {string} speaker
 * @returns {Promise<void>} settled when they have faded
 */
export async function chime(speaker) {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const faded = [523.25, 783.99].map((frequency, i) => {
    const at = context.currentTime + 0.05 + i * 0.25;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.linearRampToValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.2, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.6);
    const note = new OscillatorNode(context, { frequency });
    note.connect(gain).connect(out);
    note.start(at);
    note.stop(at + 0.65);
    return new Promise((done) => note.addEventListener('ended', done));
  });
  const player = h('audio', {});
  player.srcObject = out.stream;
  route(player, speaker);
  const late = new Promise((done) => setTimeout(done, longest)); // without any output no time passes
  await player.play().then(() => Promise.race([Promise.all(faded), late]), () => {}); // what may not be played is over
  player.srcObject = null;
  await context.close();
}
