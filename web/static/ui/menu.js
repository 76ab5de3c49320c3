// @ts-check
import { focusOn, h, set } from './dom.js';
import { icon } from './icons.js';
/** @import {IconName} from './icons.js' */

/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {IconName} [icon]
 * @property {string} [sign] drawn before the label, which says the same
 * @property {boolean} [checked] makes it a checkbox
 * @property {boolean} [radio] makes it one of several choices, with `checked`
 * @property {boolean} [disabled]
 * @property {boolean} [danger] it takes something away
 * @property {() => void} onclick
 */

/** Pixels between a menu, its button and the edge of the window. */
const gap = 8;

/** Closes the menu that is open now. @type {(() => void)|null} */
let closeOpen = null;

/**
 * Makes a button open a menu. The items are asked for at each opening. Arrows,
 * Home and End move in it; Esc, Tab and a press elsewhere close it; the button
 * has the focus again before an item does anything.
 *
 * @param {HTMLButtonElement} button
 * @param {() => (MenuItem|'separator')[]} items
 */
export function menu(button, items) {
  set(button, 'aria-haspopup', 'menu');
  set(button, 'aria-expanded', 'false');
  button.addEventListener('click', () => {
    const mine = button.getAttribute('aria-expanded') === 'true';
    closeOpen?.();
    if (!mine) {
      openMenu(button, items());
    }
  });
  button.addEventListener('keydown', (e) => {
    if ((e.key === 'ArrowDown' || e.key === 'ArrowUp') && !button.closest('[role="toolbar"]')) {
      e.preventDefault();
      button.click();
    }
  });
}

/**
 * @param {HTMLButtonElement} button
 * @param {(MenuItem|'separator')[]} items
 */
function openMenu(button, items) {
  const off = new AbortController();
  const { signal } = off;
  const close = () => {
    off.abort();
    const inside = element.contains(document.activeElement);
    element.remove();
    set(button, 'aria-expanded', 'false');
    closeOpen = closeOpen === close ? null : closeOpen;
    if (inside) {
      focusOn(button);
    }
  };
  const element = h('div', { class: 'menu', role: 'menu', 'aria-label': button.getAttribute('aria-label') ?? button.textContent },
    ...items.map((item) => item === 'separator' ? h('hr', { class: 'menu-line', role: 'separator' }) : menuItem(item, close)));
  element.addEventListener('keydown', (e) => {
    e.stopPropagation(); // a toolbar around it has arrows of its own
    if (e.key === 'Escape' || e.key === 'Tab') {
      if (e.key === 'Escape') {
        e.preventDefault();
      }
      close();
    } else {
      move(e, element);
    }
  });
  const outside = (/** @type {Event} */ e) => {
    const at = /** @type {Node} */ (e.target);
    if (!element.contains(at) && !button.contains(at)) {
      close();
    }
  };
  document.addEventListener('pointerdown', outside, { capture: true, signal });
  document.addEventListener('focusin', outside, { signal });
  window.addEventListener('resize', close, { signal });
  (button.closest('dialog, main') ?? document.body).append(element);
  place(element, button);
  set(button, 'aria-expanded', 'true');
  closeOpen = close;
  /** @type {HTMLElement|null} */ (element.querySelector('.menu-item'))?.focus();
}

/**
 * @param {MenuItem} item
 * @param {() => void} close
 */
function menuItem(item, close) {
  const checks = item.checked !== undefined;
  return h('button', {
    type: 'button', class: item.danger ? 'menu-item is-danger' : 'menu-item', tabindex: -1,
    role: item.radio ? 'menuitemradio' : checks ? 'menuitemcheckbox' : 'menuitem',
    'aria-checked': checks ? String(item.checked) : null, 'aria-disabled': item.disabled ? 'true' : null,
    onclick: () => {
      if (!item.disabled) {
        close();
        item.onclick();
      }
    },
  }, item.icon && icon(item.icon), item.sign && h('span', { class: 'menu-sign', 'aria-hidden': 'true' }, item.sign), h('span', {}, item.label), checks && h('span', { class: 'menu-check' }, icon('check')));
}

/**
 * @param {KeyboardEvent} e
 * @param {HTMLElement} element
 */
function move(e, element) {
  const list = /** @type {HTMLElement[]} */ ([...element.querySelectorAll('.menu-item')]);
  const at = list.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  /** @type {Record<string, number>} */
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? list.length - 1 : at - 1, Home: 0, End: list.length - 1 };
  if (e.key in to && list.length > 0) {
    e.preventDefault();
    list[(to[e.key] + list.length) % list.length].focus();
  }
}

/**
 * Puts it in the top layer where there is one, next to the button: below where
 * there is room, else above, and always inside of the window.
 * @param {HTMLElement} element
 * @param {HTMLElement} button
 */
function place(element, button) {
  if ('showPopover' in element) {
    element.popover = 'manual';
    element.showPopover();
  }
  const at = button.getBoundingClientRect();
  const { offsetWidth: w, offsetHeight: h } = element;
  const start = getComputedStyle(button).direction === 'rtl' ? at.right - w : at.left;
  const below = at.bottom + gap + h <= innerHeight - gap;
  const top = below ? at.bottom + gap : at.top - gap - h;
  element.style.left = `${Math.max(gap, Math.min(start, innerWidth - w - gap))}px`;
  element.style.top = `${Math.max(gap, Math.min(top, innerHeight - h - gap))}px`;
}
