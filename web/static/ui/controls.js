// @ts-check
import { Emitter } from '../lib/emitter.js';
import { captureCode } from '../lib/switchyard.js';
import { has } from './rights.js';
import { setSetting, setting } from './storage.js';
/** @import {Room} from '../lib/room.js' */
/** @import {Source} from '../lib/protocol.js' */
/** @import {Device, LocalMedia} from './media.js' */

/**
 * Controls brings what the visitor's devices do and what the room publishes in
 * line. A device is turned at once, whatever the server or the browser's prompts
 * have still to say. What is published follows, of each device one change at a time,
 * so that quick presses cannot overtake each other.
 *
 * Events: `change`; `error` with a code.
 *
 * @extends {Emitter<{change: void, error: string}>}
 */
export class Controls extends Emitter {
  #room;
  #media;
  /** @type {MediaStream|null} */
  #screen = null;
  /** The newest change of each. @type {Record<Device|'screen', Promise<void>>} */
  #queues = { mic: Promise.resolve(), cam: Promise.resolve(), screen: Promise.resolve() };
  /** What is being turned, and how: the next press turns it the other way. @type {Map<Device, {to: boolean}>} */
  #turning = new Map();
  /** Of which a {@link follow} waits in the queue. @type {Set<Device>} */
  #following = new Set();

  /**
   * @param {Room} room
   * @param {LocalMedia} media
   */
  constructor(room, media) {
    super();
    this.#room = room;
    this.#media = media;
    room.on('muted', (source) => this.#muted(source));
  }

  /**
   * A moderator muted us: the device is off until it is turned on here.
   * @param {Source} source
   */
  #muted(source) {
    if (source === 'microphone' || source === 'camera') {
      const d = source === 'microphone' ? 'mic' : 'cam';
      this.#media.turn(d, false);
      this.#next(d, async () => {
        await this.#match(d);
        this.emit('error', `${d}_muted`);
      });
    }
  }

  get sharing() {
    return this.#screen !== null;
  }

  /** What is shared now. @returns {MediaStream|null} */
  get screen() {
    return this.#screen;
  }

  /** Whether what is shared is text, which has to be sharp, or has to move. @returns {'detail'|'motion'} */
  get hint() {
    return setting('shareHint', /** @type {string} */ ('detail')) === 'motion' ? 'motion' : 'detail';
  }

  set hint(hint) {
    setSetting('shareHint', hint);
    const track = this.#screen?.getVideoTracks()[0];
    if (track) {
      track.contentHint = hint;
    }
    this.emit('change', undefined);
  }

  /** Publishes what the lobby left open. Called before the join. */
  async start() {
    await this.#match('mic');
    await this.#match('cam');
  }

  /**
   * Turns the microphone or the camera on or off.
   * @param {Device} d
   */
  toggle(d) {
    return this.turn(d);
  }

  /**
   * @param {Device} d
   * @param {boolean} [on] the other way round if missing
   */
  turn(d, on) {
    const to = on ?? !(this.#turning.get(d)?.to ?? this.#media.live(d));
    if (to && !this.#may(d)) {
      return Promise.resolve(); // keys, headsets and notices end here, too
    }
    const turning = { to };
    this.#turning.set(d, turning);
    const turned = this.#media.turn(d, to);
    return this.#next(d, async () => {
      await turned;
      if (this.#turning.get(d) === turning) {
        this.#turning.delete(d);
      }
      await this.#match(d);
    });
  }

  /** A device was opened, lost or changed outside of a {@link toggle}. */
  follow() {
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      if (!this.#following.has(d)) {
        this.#following.add(d);
        this.#next(d, async () => {
          this.#following.delete(d);
          await this.#match(d);
        });
      }
    }
  }

  /**
   * @param {Device|'screen'} what
   * @param {() => Promise<void>} step
   */
  #next(what, step) {
    this.#queues[what] = this.#queues[what].then(step).catch((err) => this.emit('error', err?.code ?? 'internal'))
      .then(() => this.emit('change', undefined));
    return this.#queues[what];
  }

  /** @param {Device} d @returns {boolean} whether it may be published; before the join the server decides */
  #may(d) {
    const { self, can } = this.#room;
    return !self || has(can, d === 'mic' ? 'microphone' : 'camera');
  }

  /** @param {Device} d */
  async #match(d) {
    const { track, on } = this.#media[d];
    const source = d === 'mic' ? 'microphone' : 'camera';
    const local = this.#room.locals.find((l) => l.source === source);
    if (!this.#may(d)) {
      if (local) {
        await this.#room.unpublish(source).catch(() => {}); // the server has ended it
      }
      return;
    }
    if (!local) {
      if (track) {
        await this.#room.publish(track, source, { muted: !on }).catch(async (err) => {
          await this.#media.turn(d, false); // it must not look as if it were seen
          throw err;
        });
      }
      return;
    }
    const muted = !on || !track;
    if (local.track !== track) {
      await this.#room.replace(source, track);
    }
    if (local.muted !== muted) {
      await this.#room.mute(source, muted);
    }
  }

  /** Starts or stops sharing the screen. */
  share() {
    return this.#next('screen', async () => {
      if (this.#screen) {
        await this.#unshare();
        return;
      }
      try {
        this.#screen = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 }, audio: true });
      } catch (err) {
        const code = captureCode(err, 'screen');
        if (code !== 'screen_denied') {
          this.emit('error', code); // screen_denied: the visitor chose Cancel
        }
        return;
      }
      const [video] = this.#screen.getVideoTracks();
      video.contentHint = this.hint;
      const [audio] = this.#screen.getAudioTracks();
      video.addEventListener('ended', () => this.#next('screen', async () => {
        if (this.#screen?.getVideoTracks()[0] === video) {
          await this.#unshare();
        }
      }));
      const published = [this.#room.publish(video, 'screen')];
      if (audio) {
        published.push(this.#room.publish(audio, 'screen_audio'));
      }
      await Promise.all(published).catch(async (err) => {
        await this.#unshare().catch(() => {});
        throw err;
      });
    });
  }

  async #unshare() {
    this.#screen?.getTracks().forEach((track) => track.stop());
    this.#screen = null;
    await Promise.all([this.#room.unpublish('screen'), this.#room.unpublish('screen_audio')]);
  }

  stop() {
    this.#screen?.getTracks().forEach((track) => track.stop());
    this.#screen = null;
  }
}
