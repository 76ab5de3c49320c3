// @ts-check
/** @import {Context} from './call.js' */
/** @import {Dialog} from './dialog.js' */

/**
 * More holds what is wanted now and then: full screen, settings, statistics,
 * help, and the shortcuts that belong to no control. What it opens is loaded
 * when it is opened for the first time.
 */
export class More {
  #ctx;
  #off = new AbortController();
  /** The statistics, while they are open. @type {Dialog|null} */
  #stats = null;
  /** Whether the space bar is what has turned the microphone on. */
  #talking = false;

  /** @param {Context} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
    const { toolbar, keys, panels } = ctx;
    toolbar.add({
      id: 'fullscreen', icon: 'fullscreen', toggles: true, more: true, key: 'f',
      onclick: () => fullScreen(), hidden: !document.fullscreenEnabled,
    });
    toolbar.add({ id: 'settings', icon: 'settings', more: true, onclick: () => ctx.settings() });
    toolbar.add({ id: 'shortcuts', icon: 'keyboard', more: true, key: '?', onclick: () => this.#help() });
    toolbar.add({ id: 'stats', icon: 'stats', toggles: true, more: true, onclick: () => this.#toggleStats() });
    keys.bind(' ', 'keys.talk', null, { hold: { down: () => this.#talk(true), up: () => this.#talk(false) } });
    keys.bind('Escape', 'keys.close', () => panels.open?.close());
    document.addEventListener('fullscreenchange', () => this.update(), { signal: this.#off.signal });
  }

  update() {
    this.#ctx.toolbar.update({
      fullscreen: { on: document.fullscreenElement !== null },
      stats: { on: this.#stats !== null },
    });
  }

  async #help() {
    const { openHelp } = await import('./help.js');
    openHelp(this.#ctx.keys);
  }

  async #toggleStats() {
    const { openStats } = await import('./stats.js');
    if (this.#stats) {
      this.#stats.close();
      return;
    }
    this.#stats = openStats(this.#ctx, () => {
      this.#stats = null;
      this.update();
    });
    this.update();
  }

  /** @param {boolean} on while the key is down, for somebody who is muted */
  #talk(on) {
    const { controls, media } = this.#ctx;
    if (on ? !media.live('mic') : this.#talking) {
      this.#talking = on;
      controls.turn('mic', on);
    }
  }

  close() {
    this.#off.abort();
  }
}

function fullScreen() {
  if (document.fullscreenElement) {
    document.exitFullscreen().catch(() => {}); // it has ended by itself
  } else {
    document.documentElement.requestFullscreen().catch(() => {}); // the browser may refuse
  }
}
