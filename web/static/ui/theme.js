// @ts-check
import { setting, setSetting } from './storage.js';

/** @typedef {'system'|'light'|'dark'} Theme */

/** @returns {Theme} */
export const theme = () => setting('theme', 'system');

/** Shows the page in the colours that were chosen; those of the system if none were. */
export function applyTheme() {
  const root = document.documentElement;
  const chosen = theme();
  if (chosen === 'system') {
    root.removeAttribute('data-theme');
  } else {
    root.setAttribute('data-theme', chosen);
  }
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
    const scheme = meta.getAttribute('data-scheme');
    meta.setAttribute('media', chosen === 'system' ? `(prefers-color-scheme: ${scheme})` : chosen === scheme ? 'all' : 'not all');
  }
}

/** @param {Theme} chosen */
export function chooseTheme(chosen) {
  setSetting('theme', chosen);
  applyTheme();
}
