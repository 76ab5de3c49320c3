// @ts-check
import { set } from './dom.js';
/** @import {Context} from './call.js' */

/**
 * Phone makes the page behave like a telephone where the system offers it: the
 * screen stays on, the lock screen and headsets have the controls of the call,
 * and the camera can look the other way.
 */
export class Phone {
  #ctx;
  /** @type {WakeLockSentinel|null} */
  #lock = null;
  #locking = false;
  #off = new AbortController();
  /** What the system was told of the devices. */
  #told = '';
  /** Whether there are fingers, not a mouse. */
  #touch = matchMedia('(pointer: coarse)').matches;

  /** @param {Context} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
    ctx.toolbar.add({ id: 'flip', icon: 'flip', more: !this.#touch, hidden: true, onclick: () => ctx.media.flip() });
    // The system takes the lock away with the page out of sight.
    document.addEventListener('visibilitychange', () => this.#keepAwake(), { signal: this.#off.signal });
  }

  /** The call is on the screen. */
  open() {
    this.#keepAwake();
    this.#session();
  }

  update() {
    const { media, toolbar } = this.#ctx;
    const cameras = media.list('cam').length;
    toolbar.update({ flip: { hidden: !media.live('cam') || !(cameras > 1 || (this.#touch && cameras > 0)) } });
    set(document.documentElement, 'data-mirror', media.mirrored ? null : 'off');
    const devices = [media.live('mic'), media.live('cam')];
    if (devices.join() !== this.#told) {
      this.#told = devices.join();
      navigator.mediaSession?.setMicrophoneActive?.(devices[0]);
      navigator.mediaSession?.setCameraActive?.(devices[1]);
    }
  }

  async #keepAwake() {
    if (document.visibilityState !== 'visible' || this.#locking || (this.#lock && !this.#lock.released)) {
      return;
    }
    this.#locking = true;
    const lock = await navigator.wakeLock?.request('screen').catch(() => null); // refused with a battery that is low
    this.#locking = false;
    if (this.#off.signal.aborted) {
      lock?.release();
      return;
    }
    this.#lock = lock ?? null;
  }

  #session() {
    const session = navigator.mediaSession;
    if (!session) {
      return;
    }
    const { controls, room } = this.#ctx;
    session.metadata = new MediaMetadata({
      title: room.name, artist: 'Switchyard', artwork: [{ src: '/icon-512.png', sizes: '512x512', type: 'image/png' }],
    });
    this.#handle('togglemicrophone', () => controls.toggle('mic'));
    this.#handle('togglecamera', () => controls.toggle('cam'));
    this.#handle('hangup', () => room.leave());
  }

  /**
   * @param {string} action that not every browser knows
   * @param {(() => void)|null} f
   */
  #handle(action, f) {
    try {
      navigator.mediaSession.setActionHandler(/** @type {MediaSessionAction} */ (action), f);
    } catch {
      // It has no such control.
    }
  }

  close() {
    this.#off.abort();
    this.#lock?.release();
    document.documentElement.removeAttribute('data-mirror');
    if (navigator.mediaSession) {
      navigator.mediaSession.metadata = null;
      ['togglemicrophone', 'togglecamera', 'hangup'].forEach((a) => this.#handle(a, null));
    }
  }
}
