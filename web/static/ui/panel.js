// @ts-check
import { Emitter } from '../lib/emitter.js';
import { focusOn, h } from './dom.js';
import { icon } from './icons.js';
import { t } from './i18n.js';

/**
 * @typedef {object} PanelOptions
 * @property {string} id of the element, which controls refer to
 * @property {string} title its accessible name and its heading
 * @property {string} [close] name of the close button
 * @property {(open: boolean) => void} [onchange] is told when it opens or closes
 */

/**
 * Panel is a column beside the stage: a head with a close button, and a
 * {@link body} that its owner fills. Esc closes it, and the focus goes back to
 * where it was when the panel opened.
 *
 * Events: `change` with whether it is open now.
 *
 * @extends {Emitter<{change: boolean}>}
 */
export class Panel extends Emitter {
  id;
  body = h('div', { class: 'panel-body' });
  element;
  /** What had the focus before. @type {HTMLElement|null} */
  #opener = null;

  /** @param {PanelOptions} o */
  constructor({ id, title, close = t('panel.close', { title }), onchange }) {
    super();
    this.id = id;
    this.element = h('aside', {
      id, class: 'panel', 'aria-label': title, hidden: true,
      onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === 'Escape' && !e.isComposing && !e.defaultPrevented && this.close(),
    },
    h('div', { class: 'panel-head' },
      h('h2', {}, title),
      h('button', { type: 'button', class: 'button ghost icon-button', 'aria-label': close, title: close, onclick: () => this.close() }, icon('close'))),
    this.body);
    if (onchange) {
      this.on('change', onchange);
    }
  }

  get open() {
    return !this.element.hidden;
  }

  toggle() {
    if (this.open) {
      this.close();
    } else {
      this.show();
    }
  }

  /** Opens it and leads the focus to where one writes, else to another field, or to the close button. */
  show() {
    if (this.open) {
      return;
    }
    const focused = document.activeElement;
    this.#opener = focused instanceof HTMLElement && focused !== document.body ? focused : null;
    this.element.hidden = false;
    const field = ['textarea', 'input:not([hidden], [type="file"])', 'select', '.panel-head button']
      .map((s) => /** @type {HTMLElement|null} */ (this.element.querySelector(s))).find(Boolean);
    field?.focus();
    this.emit('change', true);
  }

  close() {
    if (!this.open) {
      return;
    }
    const inside = this.element.contains(document.activeElement);
    this.element.hidden = true;
    if (inside || document.activeElement === document.body) {
      this.#giveBack();
    }
    this.emit('change', false);
  }

  /** The opener may be gone, or hidden; then the panel's own control takes the focus, or the screen. */
  #giveBack() {
    this.#opener?.focus();
    if (!this.#opener || document.activeElement !== this.#opener) {
      focusOn(document.querySelector(`[aria-controls="${CSS.escape(this.id)}"]`));
    }
    this.#opener = null;
  }
}

/**
 * Panels keeps at most one panel open beside the stage.
 *
 * Events: `change` when another one, or none, is open now.
 *
 * @extends {Emitter<{change: void}>}
 */
export class Panels extends Emitter {
  element = h('div', { class: 'panels' });
  /** @type {Map<string, Panel>} */
  #panels = new Map();

  /**
   * @template {Panel} P
   * @param {P} panel
   * @returns {P}
   */
  add(panel) {
    this.#panels.set(panel.id, panel);
    this.element.append(panel.element);
    panel.on('change', (open) => {
      if (open) {
        this.#panels.forEach((p) => p !== panel && p.close());
      }
      this.emit('change', undefined);
    });
    return panel;
  }

  /**
   * @param {string} id
   * @returns {Panel|undefined}
   */
  panel(id) {
    return this.#panels.get(id);
  }

  /** The one that is open. @returns {Panel|undefined} */
  get open() {
    return [...this.#panels.values()].find((p) => p.open);
  }
}
