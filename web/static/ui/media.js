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
 */

const kindOf = { mic: 'audioinput', cam: 'videoinput' };

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
  mic = { track: null, on: true, id: '', error: '' };
  /** @type {Capture} */
  cam = { track: null, on: true, id: '', error: '' };
  /** Chosen output, empty for the default one. */
  speaker = '';
  /** @type {MediaDeviceInfo[]} */
  devices = [];
  /** While devices are being opened. */
  starting = false;

  constructor() {
    super();
    const kept = recall('devices', /** @type {any} */ ({}));
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      this[d].id = String(kept[d] ?? '');
      this[d].on = kept[`${d}On`] !== false;
    }
    this.speaker = String(kept.speaker ?? '');
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#list());
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
    this.starting = true;
    this.emit('change', undefined);
    const wanted = /** @type {Device[]} */ (['mic', 'cam']).filter((d) => !this[d].track && this[d].on);
    if (!navigator.mediaDevices || !('RTCPeerConnection' in window)) {
      wanted.forEach((d) => (this[d].error = window.isSecureContext ? 'unsupported' : 'insecure'));
    } else if (wanted.length > 0) {
      await this.#open(wanted);
    }
    await this.#list();
    this.starting = false;
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
      if (this[d].track || !wanted.includes(d)) {
        track.stop(); // asked for twice at the same time
        continue;
      }
      this[d].track = track;
      this[d].error = '';
      track.enabled = this[d].on;
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
    if (!on && d === 'cam' && c.track) {
      c.track.stop();
      c.track = null;
    }
    if (c.track) {
      c.track.enabled = on;
    }
    if (on && !c.track) {
      c.error = '';
      await this.start();
      c.on = c.track !== null;
    }
    this.#save();
  }

  /**
   * @param {Device} d
   * @param {string} id of the device
   */
  async choose(d, id) {
    this[d].id = id;
    this[d].track?.stop();
    this[d].track = null;
    this[d].error = '';
    if (this[d].on) {
      await this.start();
    }
    this.#save();
  }

  /** @param {string} id of the output */
  chooseSpeaker(id) {
    this.speaker = id;
    this.#save();
  }

  /** Tries what failed once more. */
  async retry() {
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      if (this[d].error) {
        this[d].error = '';
        this[d].on = true;
      }
    }
    await this.start();
  }

  async #list() {
    this.devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    this.emit('change', undefined);
  }

  /**
   * @param {Device|'speaker'} d
   * @returns {MediaDeviceInfo[]} those that have a name, that is, after permission
   */
  list(d) {
    const kind = d === 'speaker' ? 'audiooutput' : kindOf[d];
    return this.devices.filter((i) => i.kind === kind && i.deviceId !== '');
  }

  stop() {
    for (const c of [this.mic, this.cam]) {
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
