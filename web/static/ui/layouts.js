// @ts-check
import { t } from './i18n.js';
import { modes } from './stage.js';
/** @import {Context} from './call.js' */
/** @import {MenuItem} from './menu.js' */

const wholeScreen = document.fullscreenEnabled === true;
const picture = 'documentPictureInPicture' in window || document.pictureInPictureEnabled === true;

/**
 * Layouts lets the visitor choose how the stage looks: the layout, what of it
 * takes the whole screen or a window of its own, and what everybody looks at.
 */
export class Layouts {
  #ctx;
  /** @type {import('./popout.js').Popout[]} */
  #windows = [];
  /** What says which layout it is now. @type {HTMLElement|undefined} */
  #note;
  #off = new AbortController();

  /** @param {Context} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
    const { toolbar, keys, stage } = ctx;
    toolbar.add({ id: 'layout', icon: 'layout', more: true, onclick: () => this.#open() });
    toolbar.add({ id: 'pip', icon: 'pip', more: true, onclick: () => this.#float(), hidden: !picture });
    keys.bind('l', 'keys.layout', () => this.#next());
    stage.menus.push((key) => this.#items(key));
    stage.drawn.push(() => this.#windows.forEach((w) => w.update()));
    // A window would stay behind, with a picture that stands still.
    window.addEventListener('pagehide', () => this.close(), { signal: this.#off.signal });
  }

  async #open() {
    const { openLayouts } = await import('./layout-dialog.js');
    openLayouts(this.#ctx.stage);
  }

  /** The next layout, said aloud because nothing else tells which one it is. */
  #next() {
    const { stage, toasts } = this.#ctx;
    stage.mode = modes[(modes.indexOf(stage.mode) + 1) % modes.length];
    this.#note?.remove();
    this.#note = toasts.note(t('layout.now', { layout: t(`layout.${stage.mode}`) }));
  }

  /** Who has the floor, in a small window above all others. */
  async #float() {
    const { stage } = this.#ctx;
    const { floating } = await import('./popout.js');
    await this.#keep(floating(() => stage.focus, stage));
  }

  /** @param {string} key of the tile to show in a window of its own */
  async #popOut(key) {
    // A window has to be opened at once: later the browser takes it for a nuisance.
    const opened = window.open('', '', 'popup,width=640,height=400');
    const { Popout } = await import('./popout.js').catch((err) => {
      opened?.close();
      throw err;
    });
    if (opened) {
      await this.#keep(Promise.resolve(new Popout(opened, () => key, this.#ctx.stage)));
    } else {
      this.#ctx.toasts.show('popup', t('layout.blocked'));
    }
  }

  /** @param {Promise<import('./popout.js').Popout|null>} making */
  async #keep(making) {
    try {
      const made = await making;
      if (!made) {
        this.#ctx.toasts.show('popup', t('stage.empty'));
        return;
      }
      made.onclose = () => {
        this.#windows = this.#windows.filter((w) => w !== made);
        this.#ctx.stage.update();
      };
      this.#windows.push(made);
      this.#ctx.stage.update();
    } catch {
      this.#ctx.toasts.show('popup', t('layout.blocked'));
    }
  }

  /** @param {string} key @returns {(MenuItem|'separator')[]} */
  #items(key) {
    const { stage, room } = this.#ctx;
    /** @type {(MenuItem|'separator')[]} */
    const items = [{ label: t('menu.pin'), icon: 'pin', checked: stage.isPinned(key), onclick: () => stage.pin(key) }];
    if (wholeScreen) {
      items.push({ label: t('menu.full'), icon: 'fullscreen', onclick: () => stage.full(key) });
    }
    items.push({ label: t('menu.popOut'), icon: 'pip', onclick: () => this.#popOut(key).catch(this.#ctx.fail) });
    const id = stage.views.idOf(key);
    if (room.self?.role === 'moderator' && id) {
      const on = stage.spotlight === key;
      items.push({ label: t('menu.spotlight'), icon: 'spotlight', checked: on, onclick: () => this.#spotlight(on ? null : id) });
    }
    return items;
  }

  /** @param {string|null} id of the publication that everybody is to look at */
  #spotlight(id) {
    const { room, fail } = this.#ctx;
    room.hosting.spotlight(id).catch(fail);
  }

  close() {
    this.#off.abort();
    this.#windows.forEach((w) => w.close());
  }
}
