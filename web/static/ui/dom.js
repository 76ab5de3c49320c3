// @ts-check

/**
 * @typedef {string|number|boolean|null|undefined|((e: any) => void)} Attribute
 * @typedef {Node|string|null|undefined|false} Child
 */

/**
 * Makes an element. Attributes whose name starts with `on` are listeners,
 * `true` sets an empty attribute, `false`, null and undefined set none.
 * Children that are strings become text, never markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      el.addEventListener(name.slice(2), value);
    } else if (value !== false && value !== null && value !== undefined) {
      el.setAttribute(name, value === true ? '' : String(value));
    }
  }
  el.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

/**
 * Shows a view in place of the present one.
 * @param {...Node} nodes
 */
export function show(...nodes) {
  document.getElementById('app')?.replaceChildren(...nodes);
}

/**
 * Sets an attribute only if it changes, so that screen readers and observers
 * are told of real changes alone.
 * @param {Element} el
 * @param {string} name
 * @param {string|boolean|number|null} value null removes it
 */
export function set(el, name, value) {
  const next = value === null ? null : String(value);
  if (el.getAttribute(name) !== next) {
    if (next === null) {
      el.removeAttribute(name);
    } else {
      el.setAttribute(name, next);
    }
  }
}

/**
 * @param {Element} el
 * @param {string} text
 */
export function setText(el, text) {
  if (el.textContent !== text) {
    el.textContent = text;
  }
}

/**
 * Whether the focus, which was in a place, is lost there, or will be: browsers take it
 * from what is hidden with the next frame only.
 * @param {Element} place
 */
export function adrift(place) {
  const at = document.activeElement;
  return !at || !place.contains(at) || at.closest('[hidden]') !== null || at.matches(':disabled');
}

/**
 * Gives the focus to an element, or to the screen where it is gone or hidden.
 * @param {Element|null|undefined} el
 */
export function focusOn(el) {
  if (el instanceof HTMLElement && el !== document.body) {
    el.focus();
  }
  if (document.activeElement !== el || el === document.body) {
    document.querySelector('main')?.focus({ preventScroll: true });
  }
}

/**
 * Puts off what is asked for many times to once a frame. Where no frames are
 * drawn, as in a hidden tab, it happens within a quarter of a second.
 * @param {() => void} f
 * @returns {{ask: () => void, cancel: () => void}}
 */
export function perFrame(f) {
  let frame = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const cancel = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = 0;
  };
  const run = () => {
    cancel();
    f();
  };
  const ask = () => {
    if (frame === 0) {
      frame = requestAnimationFrame(run);
      timer = setTimeout(run, 250);
    }
  };
  return { ask, cancel };
}
