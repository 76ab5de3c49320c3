// @ts-check
import { Emitter } from '../lib/emitter.js';
import { captureCode } from '../lib/switchyard.js';
import { Background } from './background.js';
import { kindOf, otherCamera, permission, picture, size, sound } from './capture.js';
import { recall, remember, setSetting, setting } from './storage.js';

/** @typedef {import('./capture.js').Device} Device */
/** @typedef {import('./capture.js').Capture} Capture */

/**
 * LocalMedia is the visitor's own microphone and camera, from the lobby to
 * the end of the call. A microphone that is off stays open, so that it is
 * quick; a camera that is off is closed, so that its light goes out.
 *
 * Events: `change` when anything of it changed; `switched` when a device was
 * disconnected and another one has taken its place; `background` with a code when
 * the camera's background ended by itself.
 *
 * @extends {Emitter<{change: void, switched: {device: Device, label: string}, background: string}>}
 */
export class LocalMedia extends Emitter {
  /** @type {Capture} */
  mic = { source: null, track: null, on: true, id: '', error: '', wish: 0 };
  /** @type {Capture} */
  cam = { source: null, track: null, on: true, id: '', error: '', wish: 0 };
  /** What is behind the person. */
  background = new Background(this.cam, () => this.emit('change', undefined), (code) => this.emit('background', code));
  /** Of the visitor, when it is known. */
  name = '';
  /** Chosen output, empty for the default one. */
  speaker = '';
  /** Lines of the camera's picture, at most. */
  height = setting('height', 720);
  /** Where the camera should look; empty where it does not matter. */
  #facing = '';
  /** @type {MediaDeviceInfo[]} */
  devices = [];
  /** How many times devices are being opened now. */
  #opening = 0;
  #stopped = false;
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
    const { mic, cam, speaker } = this;
    remember('devices', { mic: mic.id, cam: cam.id, speaker, micOn: mic.on, camOn: cam.on });
    this.emit('change', undefined);
  }

  /** Opens what is wanted. Never fails: the errors are in the captures. */
  async start() {
    const wanted = /** @type {Device[]} */ (['mic', 'cam'])
      .filter((d) => this[d].on && !this[d].source && !this[d].error);
    this.#opening++;
    this.emit('change', undefined);
    if (this.devices.length === 0 && wanted.some((d) => this[d].id)) {
      await this.#list(); // whether the remembered ones are there
    }
    if (!this.available || !('RTCPeerConnection' in window)) {
      wanted.forEach((d) => (this[d].error = window.isSecureContext ? 'unsupported' : 'insecure'));
    } else if (wanted.length > 0 && !this.#stopped) {
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
    const stream = await this.open({
      audio: wanted.includes('mic') && sound(this.mic.id, this.list('mic')),
      video: wanted.includes('cam') && { ...picture(this.cam.id, this.list('cam'), this.#facing), ...size(this.height) },
    });
    for (const source of stream.getTracks()) {
      const d = source.kind === 'audio' ? 'mic' : 'cam';
      if (this.#stopped || this[d].source || this[d].wish !== wishes[d]) {
        source.stop(); // turned off, changed or left while the prompt was open
        continue;
      }
      Object.assign(this[d], { source, error: '' });
      source.addEventListener('ended', () => this.#lost(d, source));
      if (d === 'mic') {
        this.mic.track = source;
      }
    }
    if (wanted.includes('cam')) {
      this.emit('change', undefined); // the microphone need not wait
      await this.background.dress();
    }
  }

  /** @param {Device} d */
  #close(d) {
    this[d].source?.stop();
    Object.assign(this[d], { source: null, track: null });
    if (d === 'cam') {
      this.background.off();
    }
  }

  /**
   * The device was unplugged or taken away: another one takes its place, if
   * there is one.
   * @param {Device} d
   * @param {MediaStreamTrack} source
   */
  async #lost(d, source) {
    const c = this[d];
    if (c.source !== source) {
      return;
    }
    this.#close(d);
    const { wish } = c;
    await this.#list();
    if (c.wish === wish && c.on && this.plugged(d)) {
      await this.start();
    }
    if (c.wish !== wish) {
      return; // the person has decided meanwhile
    }
    if (c.source) {
      this.emit('switched', { device: d, label: /** @type {MediaStreamTrack} */ (c.source).label });
    } else {
      c.on = false;
      c.error = `${d}_lost`;
    }
    this.emit('change', undefined);
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
    if (!on && d === 'cam') {
      this.#close(d);
    }
    if (c.track) {
      c.track.enabled = on;
    }
    this.#save();
    if (on && !c.source) {
      await this.start();
    }
  }

  /**
   * @param {Device} d
   * @param {string} id of the device
   */
  async choose(d, id) {
    this[d].id = id;
    this.#facing = d === 'cam' ? '' : this.#facing;
    await this.#reopen(d);
  }

  /** @param {Device} d */
  async #reopen(d) {
    const c = this[d];
    c.wish++;
    c.error = '';
    this.#close(d);
    this.#save();
    await this.start();
  }

  /** Looks the other way, or through the next camera where none says which way it looks. */
  async flip() {
    ({ facing: this.#facing, id: this.cam.id } = otherCamera(this.cam.source, this.list('cam')));
    await this.#reopen('cam');
  }

  /** Whether one sees oneself as in a mirror; never what the eye sees as well. */
  get mirrored() {
    return setting('mirror', true) && this.cam.source?.getSettings().facingMode !== 'environment';
  }

  /** @param {number} height of the camera's picture, in lines */
  async chooseHeight(height) {
    this.height = height;
    setSetting('height', height);
    const { source } = this.cam;
    await source?.applyConstraints({ ...source.getConstraints(), ...size(height) }).catch(() => {}); // it goes on as it is
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

  /** Whether devices can be asked for at all. */
  get available() {
    return Boolean(navigator.mediaDevices);
  }

  /**
   * @param {MediaStreamConstraints} wanted
   * @returns {Promise<MediaStream>}
   */
  open(wanted) {
    return navigator.mediaDevices.getUserMedia(wanted);
  }

  /** @returns {Promise<MediaDeviceInfo[]>} */
  async enumerate() {
    return (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  }

  async #list() {
    this.devices = await this.enumerate();
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
    this.#stopped = true;
    navigator.mediaDevices?.removeEventListener('devicechange', this.#onDevices);
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      this[d].wish++;
      this.#close(d);
    }
  }
}

export { canChooseSpeaker } from './capture.js';
