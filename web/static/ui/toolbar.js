// @ts-check
import { h, set } from './dom.js';
import { icon, setIcon } from './icons.js';
import { t } from './i18n.js';
import { menu } from './menu.js';
/** @import {IconName} from './icons.js' */
/** @import {Keys} from './keys.js' */
/** @import {MenuItem} from './menu.js' */

/**
 * @typedef {object} Control
 * @property {string} id its name is the string `toolbar.<id>`
 * @property {IconName} icon
 * @property {IconName} [iconOff] shown while it is not on; such a control is a
 *   device, whose being off is remarkable
 * @property {boolean} [toggles] has a pressed state; what a press does is told
 *   by the strings `toolbar.<id>On` and `toolbar.<id>Off`
 * @property {string} [panel] id of the panel that it opens
 * @property {() => unknown} [onclick] not for one with a menu of its own; may be a promise
 * @property {string} [key] the shortcut, of one key, that does what a press does
 * @property {boolean} [more] lives in the menu "More"
 * @property {() => (MenuItem|'separator')[]} [items] of its own menu; in "More" they take its place
 * @property {boolean} [hidden]
 */

/**
 * @typedef {object} ControlState what changes of a control
 * @property {boolean} [on] pressed
 * @property {boolean} [open] its panel is open
 * @property {number|string} [badge] drawn on it; 0 or empty for none
 * @property {string} [title] tooltip, that of the control if empty
 * @property {boolean} [hidden]
 * @property {boolean} [disabled]
 */

/** Where controls have their place; those that are not named come after them, and then "More". */
const order = ['mic', 'cam', 'share', 'hand', 'react', 'chat', 'people', 'flip', 'layout', 'fullscreen', 'settings', 'shortcuts', 'stats'];
/** What goes into "More" first where there is no room. */
const spare = ['react', 'people', 'hand', 'share', 'flip', 'chat'];
/**
 * Controls that there is room for in a row of so many pixels, by the sizes that
 * the style sheet gives them.
 * @param {number} width
 */
const capacity = (width) => Math.max(4, Math.floor(width < 328 ? width / 52 : (width - 16) / 60));

/** @param {string} id */
const rank = (id) => (id === 'leave' ? order.length + 2 : id === 'more' ? order.length + 1 : (order.indexOf(id) + 1 || order.length + 1) - 1);

/**
 * Toolbar holds the call controls. Their names never change; what a press does
 * is told by the pressed state and by the tooltip. Tab reaches one of them,
 * arrows, Home and End the others. What has no room is in the menu "More".
 */
export class Toolbar {
  /** In their order. @type {{control: Control, button: HTMLButtonElement|null, state: ControlState}[]} */
  #list = [];
  #more = h('button', { type: 'button', class: 'control control-more', 'aria-label': t('toolbar.more'), title: t('toolbar.more'), tabindex: -1 }, icon('more'));
  /** Ids of what has no room. @type {Set<string>} */
  #spared = new Set();
  /** How many controls there is room for. */
  #room = Infinity;
  #observer = new ResizeObserver(([e]) => this.#resized(e.contentRect.width));
  #keys;
  #onfail;
  element;

  /**
   * @param {Control[]} controls
   * @param {Keys} keys where their shortcuts are bound
   * @param {(err: unknown) => void} onfail is told why a press did nothing
   */
  constructor(controls, keys, onfail) {
    this.#keys = keys;
    this.#onfail = onfail;
    this.element = h('div', {
      class: 'toolbar', role: 'toolbar', 'aria-label': t('toolbar.name'),
      onkeydown: (/** @type {KeyboardEvent} */ e) => this.#move(e),
      onfocusin: (/** @type {FocusEvent} */ e) => this.#rove(/** @type {Element} */ (e.target)),
    }, this.#more);
    menu(this.#more, () => this.#items());
    controls.forEach((c) => this.add(c));
    this.#observer.observe(this.element);
  }

  /**
   * Adds a control at its place.
   * @param {Control} control
   */
  add(control) {
    const at = this.#list.findIndex((e) => rank(e.control.id) > rank(control.id));
    /** @type {{control: Control, button: HTMLButtonElement|null, state: ControlState}} */
    const entry = { control, button: control.more ? null : this.#make(control), state: { hidden: control.hidden } };
    const next = at < 0 ? undefined : this.#list.slice(at).find((e) => e.button);
    this.#list.splice(at < 0 ? this.#list.length : at, 0, entry);
    if (control.key) {
      this.#keys.bind(control.key, `toolbar.${control.id}`, () => !entry.state.hidden && !entry.state.disabled && this.#press(control));
    }
    if (entry.button) {
      const before = next?.control.id === 'leave' || (!next && control.id !== 'leave') ? this.#more : next?.button ?? null;
      this.element.insertBefore(entry.button, before);
    }
    this.#draw(entry);
    this.#arrange();
  }

  /** @param {Control} c */
  #make(c) {
    /** @type {HTMLButtonElement} */
    const button = h('button', {
      type: 'button', class: `control control-${c.id}${c.toggles && !c.iconOff ? ' is-choice' : ''}`, 'aria-label': t(`toolbar.${c.id}`),
      tabindex: -1, onclick: () => button.getAttribute('aria-disabled') !== 'true' && this.#press(c),
    }, icon(c.icon));
    if (c.items) {
      menu(button, c.items);
    }
    if (c.panel) {
      set(button, 'aria-controls', c.panel);
    }
    return button;
  }

  /** @param {Control} c */
  async #press(c) {
    try {
      await c.onclick?.();
    } catch (err) {
      this.#onfail(err);
    }
  }

  /** @param {KeyboardEvent} e */
  #move(e) {
    const list = /** @type {HTMLButtonElement[]} */ ([...this.element.children]).filter((b) => !b.hidden);
    const at = list.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const rtl = document.documentElement.dir === 'rtl';
    /** @type {Record<string, number>} */
    const to = { ArrowRight: at + (rtl ? -1 : 1), ArrowLeft: at + (rtl ? 1 : -1), Home: 0, End: list.length - 1 };
    if (at >= 0 && e.key in to) {
      e.preventDefault();
      list[(to[e.key] + list.length) % list.length].focus();
    }
  }

  /** @param {Element|null} focused */
  #rove(focused) {
    for (const b of /** @type {HTMLButtonElement[]} */ ([...this.element.children])) {
      b.tabIndex = b === focused ? 0 : -1;
    }
  }

  /** @param {Record<string, ControlState>} states those that are not named stay */
  update(states) {
    let moved = false;
    for (const entry of this.#list) {
      const next = states[entry.control.id];
      if (next) {
        moved ||= next.hidden !== undefined && next.hidden !== entry.state.hidden;
        Object.assign(entry.state, next);
        this.#draw(entry);
      }
    }
    if (moved) {
      this.#arrange();
    }
    this.#drawMore();
  }

  /** @param {{control: Control, button: HTMLButtonElement|null, state: ControlState}} entry */
  #draw({ control: c, button, state }) {
    if (!button) {
      return;
    }
    if (c.toggles) {
      set(button, 'aria-pressed', state.on ?? false);
    }
    if (c.iconOff) {
      setIcon(button, state.on ? c.icon : c.iconOff);
    }
    if (c.panel) {
      set(button, 'aria-expanded', state.open ?? false);
    }
    const key = c.key && this.#keys.on ? c.key.toUpperCase() : null;
    set(button, 'aria-keyshortcuts', key);
    set(button, 'title', title(c, state) + (key ? ` (${key})` : ''));
    // Drawn by the style sheet: text inside would have to be part of the name.
    set(button, 'data-unread', badge(state));
    set(button, 'aria-disabled', state.disabled ? 'true' : null);
  }

  /** What is out of sight shows on the button that leads there. */
  #drawMore() {
    const inside = this.#inMore().find((e) => badge(e.state) !== null);
    set(this.#more, 'data-unread', inside ? badge(inside.state) : null);
  }

  /** @param {number} width of the row, in pixels */
  #resized(width) {
    const room = capacity(width);
    if (room !== this.#room) {
      this.#room = room;
      this.#arrange();
      this.#drawMore();
    }
  }

  /** Decides what is in the row, and what in "More". */
  #arrange() {
    const shown = this.#list.filter((e) => e.button && !e.state.hidden);
    const inMenu = this.#list.some((e) => !e.button && !e.state.hidden);
    const fits = shown.length + Number(inMenu) <= this.#room;
    const tooMany = fits ? 0 : shown.length + 1 - this.#room;
    this.#spared = new Set(spare.filter((id) => shown.some((e) => e.control.id === id)).slice(0, tooMany));
    for (const { control, button, state } of this.#list) {
      if (button) {
        button.hidden = state.hidden === true || this.#spared.has(control.id);
      }
    }
    this.#more.hidden = this.#inMore().length === 0;
    const stop = /** @type {HTMLButtonElement|null} */ (this.element.querySelector('[tabindex="0"]'));
    if (!stop || stop.hidden) {
      const focused = stop !== null && document.activeElement === stop;
      this.#rove(focused ? this.#more : this.element.querySelector('button:not([hidden])'));
      if (focused) {
        this.#more.focus(); // what had the focus has no room any more
      }
    }
  }

  #inMore() {
    return this.#list.filter((e) => !e.state.hidden && (!e.button || this.#spared.has(e.control.id)));
  }

  /** @returns {(MenuItem|'separator')[]} */
  #items() {
    return this.#inMore().flatMap(({ control: c, state }) => c.items?.() ?? [{
      label: t(`toolbar.${c.id}`), icon: c.icon, disabled: state.disabled, onclick: () => this.#press(c),
      checked: c.toggles ? state.on ?? false : undefined,
    }]);
  }

  /**
   * Gives a control the focus, or "More" where it is in there.
   * @param {string} id
   */
  focus(id) {
    const button = this.#list.find((e) => e.control.id === id)?.button;
    (button && !button.hidden ? button : this.#more).focus();
  }

  stop() {
    this.#observer.disconnect();
  }
}

/** @param {Control} c @param {ControlState} state */
function title(c, state) {
  return state.title || t(c.toggles ? `toolbar.${c.id}${state.on ? 'On' : 'Off'}` : `toolbar.${c.id}`);
}

/** @param {ControlState} state */
function badge({ badge: b }) {
  return !b ? null : typeof b === 'number' && b > 99 ? '99+' : String(b);
}
