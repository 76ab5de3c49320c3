// @ts-check
import { Ear } from './ear.js';
import { t } from './i18n.js';
import { Level } from './level.js';
import { has } from './rights.js';
/** @import {Context} from './call.js' */

/** Milliseconds after the join, when there is less to do, that listening begins. */
const settled = 2000;

/**
 * Listening listens to one's own microphone, also while it is muted, and says
 * what one would like to know. What is sent is silent then; a copy of the track
 * is listened to, which nobody else gets.
 */
export class Listening {
  #ctx;
  #ear = new Ear();
  #level = new Level((loudness, silent) => this.#heard(loudness, silent));
  /** What {@link #copy} is a copy of. @type {MediaStreamTrack|null} */
  #track = null;
  /** @type {MediaStreamTrack|null} */
  #copy = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  #ready = false;
  /** Takes back that one talks while muted. */
  #unsay = () => {};

  /** @param {Context} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
  }

  open() {
    this.#timer = setTimeout(() => {
      this.#ready = true;
      this.update();
    }, settled);
  }

  update() {
    const { track } = this.#ctx.media.mic;
    if (this.#ctx.media.live('mic')) {
      this.#unsay();
    }
    if (!this.#ready || track === this.#track) {
      return;
    }
    this.#stop();
    this.#track = track;
    if (track) {
      this.#copy = track.clone();
      this.#copy.enabled = true;
      this.#ear.reset();
      this.#level.listen(this.#copy);
    }
  }

  /** @param {number} loudness @param {boolean} silent */
  #heard(loudness, silent) {
    const { media, controls, toasts, settings, room } = this.#ctx;
    const notice = this.#ear.hear({ loudness, silent, muted: !media.live('mic') && has(room.can, 'microphone') });
    if (notice === 'talking') {
      this.#unsay = toasts.show('muted', t('note.talking'), { actions: [{ label: t('note.unmute'), onclick: () => controls.turn('mic', true) }] });
    } else if (notice === 'silent') {
      toasts.show('silent', t('note.silent'), { actions: [{ label: t('toolbar.settings'), onclick: () => settings('devices') }] });
    }
  }

  #stop() {
    this.#level.stop();
    this.#copy?.stop();
    this.#copy = null;
    this.#track = null;
  }

  close() {
    clearTimeout(this.#timer);
    this.#ready = false;
    this.#stop();
  }
}
