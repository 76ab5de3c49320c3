// @ts-check
import { h } from './dom.js';
import { t } from './i18n.js';
import { Tile } from './tile.js';
/** @import {Place} from './layout.js' */
/** @import {TileActions, TileView} from './tile.js' */

/**
 * Tiles keeps a list of tiles in line with the places that there are. A tile
 * stays where it is in the document as long as it is shown, or is moved there in
 * a way that does not stop its picture.
 */
export class Tiles {
  element = /** @type {HTMLUListElement & {moveBefore?: (e: Node, before: Node|null) => void}} */ (
    h('ul', { class: 'tiles', role: 'list', 'aria-label': t('call.participants') }));
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  #actions;

  /** @param {(key: string) => TileActions} actions of a new tile */
  constructor(actions) {
    this.#actions = actions;
  }

  /** @param {string} key @returns {Tile|undefined} if it is shown */
  get(key) {
    return this.#tiles.get(key);
  }

  /** @param {Element|null} element @returns {string|undefined} whose tile it is */
  keyOf(element) {
    return element ? [...this.#tiles].find(([, tile]) => tile.element === element)?.[0] : undefined;
  }

  /**
   * @param {Place[]} places
   * @param {(key: string) => TileView} view
   */
  show(places, view) {
    const shown = new Set(places.map((p) => p.key));
    for (const [key, tile] of this.#tiles) {
      if (!shown.has(key)) {
        this.#leaveFocus(tile.element);
        tile.remove();
        this.#tiles.delete(key);
      }
    }
    places.forEach((p, i) => {
      const known = this.#tiles.get(p.key);
      if (known) {
        known.update(view(p.key));
        known.place(p);
        this.#settle(known.element, i);
        return;
      }
      const tile = new Tile(view(p.key), this.#actions(p.key));
      this.#tiles.set(p.key, tile);
      tile.place(p);
      this.element.insertBefore(tile.element, this.element.children[i] ?? null);
    });
  }

  /**
   * Brings a tile to its place in the order of reading and of the Tab key, where
   * the browser can do so without stopping its picture. What it looks like does
   * not depend on it.
   * @param {Element} element
   * @param {number} i
   */
  #settle(element, i) {
    const list = this.element;
    const there = list.children[i];
    if (there === element || !list.moveBefore) {
      return;
    }
    if (list.children[i + 1] === element) {
      list.moveBefore(there, null); // one that comes later stands in the way
    } else {
      list.moveBefore(element, there ?? null);
    }
  }

  /** The focus does not fall out of a tile that goes. @param {Element} element */
  #leaveFocus(element) {
    if (element.contains(document.activeElement)) {
      const beside = element.nextElementSibling ?? element.previousElementSibling;
      const next = /** @type {HTMLElement|null} */ (beside?.querySelector('.tile-actions button:not([hidden])'));
      (next ?? /** @type {HTMLElement|null} */ (this.element.closest('main')))?.focus({ preventScroll: true });
    }
  }

  clear() {
    this.#tiles.forEach((tile) => tile.remove());
    this.#tiles.clear();
  }
}
