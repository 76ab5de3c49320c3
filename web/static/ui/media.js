// @ts-check
import { Emitter } from '../lib/emitter.js';
import { captureCode } from '../lib/switchyard.js';
import { recall, remember } from './storage.js';

/** @typedef {'mic'|'cam'} Device */
/**
 * @typedef {object} Capture of one device
 * @property {MediaStreamTrack|null} track
 * @property {boolean} on what the person wants
 * @property {string} id of the device chosen, empty for the default one
 * @property {string} error code of page.md, empty if there is none
 * @property {number} wish grows when the person decides anew, so that what was
 *   asked for before is not taken any more
 */

const kindOf = { mic: 'audioinput', cam: 'videoinput', speaker: 'audiooutput' };

/**
 * LocalMedia is the visitor's own microphone and camera, from the lobby to
 * the end of the call. A microphone that is off stays open, so that it is
 * quick; a camera that is off is closed, so that its light goes out.
 *
 * Events: `change` when anything of it changed.
 *
 * @extends {Emitter<{change: void}>}
 */
export class LocalMedia extends Emitter {
  /** @type {Capture} */
  mic = { track: null, on: true, id: '', error: '', wish: 0 };
  /** @type {Capture} */
  cam = { track: null, on: true, id: '', error: '', wish: 0 };
  /** Chosen output, empty for the default one. */
  speaker = '';
  /** @type {MediaDeviceInfo[]} */
  devices = [];
  /** How many times devices are being opened now. */
  #opening = 0;
  #onDevices = () => this.#list();

  constructor() {
    super();
    const kept = recall('devices', /** @type {any} */ ({}));
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      this[d].id = String(kept[d] ?? '');
      this[d].on = kept[`${d}On`] !== false;
    }
    this.speaker = String(kept.speaker ?? '');
    navigator.mediaDevices?.addEventListener('devicechange', this.#onDevices);
  }

  /** Whether devices are being opened. */
  get starting() {
    return this.#opening > 0;
  }

  /**
   * @param {Device} d
   * @returns {boolean} whether it captures, and the person wants it to
   */
  live(d) {
    return this[d].on && this[d].track !== null;
  }

  /** Whether opening what is wanted would ask the person, or be refused. */
  async asks() {
    await this.#list();
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      if (this[d].on && this.plugged(d) && (await permission(d)) !== 'granted') {
        return true;
      }
    }
    return false;
  }

  #save() {
    remember('devices', {
      mic: this.mic.id, cam: this.cam.id, speaker: this.speaker,
      micOn: this.mic.on, camOn: this.cam.on,
    });
    this.emit('change', undefined);
  }

  /** Opens what is wanted. Never fails: the errors are in the captures. */
  async start() {
    const wanted = /** @type {Device[]} */ (['mic', 'cam'])
      .filter((d) => this[d].on && !this[d].track && !this[d].error);
    this.#opening++;
    this.emit('change', undefined);
    if (!navigator.mediaDevices || !('RTCPeerConnection' in window)) {
      wanted.forEach((d) => (this[d].error = window.isSecureContext ? 'unsupported' : 'insecure'));
    } else if (wanted.length > 0) {
      await this.#open(wanted);
    }
    await this.#list();
    this.#opening--;
    this.emit('change', undefined);
  }

  /**
   * Asks for all devices at once, so that there is one prompt; if that fails,
   * for each that may still be there.
   * @param {Device[]} wanted
   */
  async #open(wanted) {
    try {
      await this.#capture(wanted);
    } catch (err) {
      const refused = captureCode(err, 'cam').startsWith('cam_denied');
      if (wanted.length === 1) {
        this[wanted[0]].error = captureCode(err, wanted[0]);
        return;
      }
      for (const d of wanted) {
        // A prompt that was dismissed is not shown again.
        if (refused && (await permission(d)) !== 'granted') {
          this[d].error = captureCode(err, d);
        } else {
          await this.#capture([d]).catch((e) => (this[d].error = captureCode(e, d)));
        }
      }
    }
  }

  /** @param {Device[]} wanted */
  async #capture(wanted) {
    const wishes = { mic: this.mic.wish, cam: this.cam.wish };
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: wanted.includes('mic') && {
        deviceId: this.mic.id || undefined, echoCancellation: true, noiseSuppression: true, autoGainControl: true,
      },
      video: wanted.includes('cam') && {
        deviceId: this.cam.id || undefined, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 },
      },
    });
    for (const track of stream.getTracks()) {
      const d = track.kind === 'audio' ? 'mic' : 'cam';
      if (this[d].track || this[d].wish !== wishes[d]) {
        track.stop(); // turned off, changed or left while the prompt was open
        continue;
      }
      this[d].track = track;
      this[d].error = '';
      track.addEventListener('ended', () => this.#lost(d, track));
    }
  }

  /**
   * The device was unplugged or taken away.
   * @param {Device} d
   * @param {MediaStreamTrack} track
   */
  #lost(d, track) {
    if (this[d].track === track) {
      this[d].track = null;
      this[d].on = false;
      this[d].error = `${d}_lost`;
      this.emit('change', undefined);
    }
  }

  /**
   * Turns a device on or off.
   * @param {Device} d
   * @param {boolean} on
   */
  async turn(d, on) {
    const c = this[d];
    c.on = on;
    c.wish++;
    c.error = '';
    if (c.track && !on && d === 'cam') {
      c.track.stop();
      c.track = null;
    }
    if (c.track) {
      c.track.enabled = on;
    }
    this.#save();
    if (on && !c.track) {
      await this.start();
    }
  }

  /**
   * @param {Device} d
   * @param {string} id of the device
   */
  async choose(d, id) {
    const c = this[d];
    c.id = id;
    c.wish++;
    c.error = '';
    c.track?.stop();
    c.track = null;
    this.#save();
    await this.start();
  }

  /** @param {string} id of the output */
  chooseSpeaker(id) {
    this.speaker = id;
    this.#save();
  }

  /** Tries what failed once more. */
  async retry() {
    for (const c of [this.mic, this.cam]) {
      c.on ||= c.error !== '';
      c.error = '';
    }
    await this.start();
  }

  async #list() {
    this.devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      if (this[d].error === `${d}_missing` && this.plugged(d)) {
        this[d].error = ''; // it can be turned on now
        this[d].on = false;
      }
    }
    this.emit('change', undefined);
  }

  /**
   * @param {Device|'speaker'} d
   * @returns {boolean} whether there is one, even if we may not know its name
   */
  plugged(d) {
    return this.devices.some((i) => i.kind === kindOf[d]);
  }

  /**
   * @param {Device|'speaker'} d
   * @returns {MediaDeviceInfo[]} those that have a name, that is, after permission
   */
  list(d) {
    return this.devices.filter((i) => i.kind === kindOf[d] && i.deviceId !== '');
  }

  /** Closes all devices for good, those that are still being opened too. */
  stop() {
    navigator.mediaDevices?.removeEventListener('devicechange', this.#onDevices);
    for (const c of [this.mic, this.cam]) {
      c.wish++;
      c.track?.stop();
      c.track = null;
    }
  }
}

/**
 * @param {Device} d
 * @returns {Promise<string>} `granted`, `denied` or `prompt`
 */
async function permission(d) {
  try {
    const name = /** @type {PermissionName} */ (d === 'mic' ? 'microphone' : 'camera');
    return (await navigator.permissions.query({ name })).state;
  } catch {
    return 'prompt';
  }
}

/** Whether the browser lets a page choose where sound comes out. */
export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;
