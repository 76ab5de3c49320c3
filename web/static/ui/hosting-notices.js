// @ts-check
import { t } from './i18n.js';
import { has } from './rights.js';
/** @import {Room as RoomInfo} from '../lib/protocol.js' */
/** @import {Context} from './call.js' */
/** @import {Device} from './media.js' */
/** @import {Right} from './rights.js' */

/** @type {Right[]} */
const told = ['microphone', 'camera', 'screen', 'chat'];

/**
 * Notices tells what moderators did to us and to the room: once, in one toast or
 * note each, the newest in place of the one before about the same.
 */
export class Notices {
  #ctx;
  /** Our rights, when they were looked at last. */
  #can;
  /** @type {RoomInfo|null} */
  #info = null;
  /** Removes what asks to unmute a device. @type {Partial<Record<Device, () => void>>} */
  #asked = {};
  /** @type {(() => void)[]} */
  #off;

  /** @param {Context} ctx */
  constructor(ctx) {
    const { room, controls } = ctx;
    this.#ctx = ctx;
    this.#can = room.self && room.can;
    this.#off = [
      room.on('roster', () => this.#rights()),
      room.on('info', (info) => this.#told(info)),
      room.on('asked', (source) => this.#ask(source === 'camera' ? 'cam' : 'mic')),
      controls.on('change', () => this.#answered()),
    ];
  }

  /** @param {Device} d */
  #ask(d) {
    const { media, controls, toasts } = this.#ctx;
    if (!media.live(d)) {
      this.#asked[d] = toasts.show(`${d}_asked`, undefined, {
        stay: true, actions: [{ label: t(`note.${d}On`), onclick: () => media.live(d) || controls.toggle(d) }],
      });
    }
  }

  /** Nobody needs to be asked to turn on what is on. */
  #answered() {
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      if (this.#ctx.media.live(d)) {
        this.#asked[d]?.();
        delete this.#asked[d];
      }
    }
  }

  #rights() {
    const { room, toasts, toolbar, controls, media } = this.#ctx;
    if (!room.self) {
      return;
    }
    const [before, now] = [this.#can, room.can];
    this.#can = now;
    const same = before && before.moderate === now.moderate && told.every((r) => has(before, r) === has(now, r));
    if (same) {
      return;
    }
    toolbar.update({
      mic: { disabled: !has(now, 'microphone') }, cam: { disabled: !has(now, 'camera') }, share: { disabled: !has(now, 'screen') },
    });
    for (const [d, right] of /** @type {[Device, Right][]} */ ([['mic', 'microphone'], ['cam', 'camera']])) {
      if (!has(now, right) && media.live(d)) {
        media.turn(d, false);
      }
    }
    if (!has(now, 'screen') && controls.sharing) {
      controls.stop();
      for (const source of /** @type {const} */ (['screen', 'screen_audio'])) {
        room.unpublish(source).catch(() => {}); // the server has ended it
      }
    }
    controls.follow();
    if (before) {
      this.#changed(before, now);
    } else if (!has(now, 'microphone') && !has(now, 'camera')) {
      toasts.note(t('note.viewer'));
    }
  }

  /**
   * @param {import('../lib/protocol.js').Rights} before
   * @param {import('../lib/protocol.js').Rights} now
   */
  #changed(before, now) {
    const { toasts } = this.#ctx;
    if (before.moderate !== now.moderate) {
      toasts.show('role', t(now.moderate ? 'note.promoted' : 'note.demoted'));
      return;
    }
    const list = (/** @type {boolean} */ on) => new Intl.ListFormat(document.documentElement.lang)
      .format(told.filter((r) => has(before, r) !== on && has(now, r) === on).map((r) => t(`note.right.${r}`)));
    const [gained, lost] = [list(true), list(false)];
    if (lost) {
      toasts.show('rights_lost', t('note.lost', { what: lost }));
    }
    if (gained) {
      toasts.show('rights_gained', t('note.gained', { what: gained }));
    }
  }

  /** @param {RoomInfo} info */
  #told(info) {
    const { toasts, room } = this.#ctx;
    const before = this.#info?.name === info.name ? this.#info : null;
    this.#info = info;
    if (info.recording && !before?.recording) {
      toasts.show('recording', t('note.recording'));
    } else if (before?.recording && !info.recording) {
      toasts.show('recording', t('note.recordingEnded'));
    }
    if (before && before.locked !== info.locked) {
      toasts.note(t(info.locked ? 'note.locked' : 'note.unlocked'));
    }
    if (before && before.lobby !== info.lobby && room.can.moderate) {
      toasts.note(t(info.lobby ? 'note.lobby' : 'note.noLobby'));
    }
  }

  close() {
    this.#off.forEach((off) => off());
  }
}
