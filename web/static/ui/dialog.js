// @ts-check
import { focusOn, h } from './dom.js';
import { icon } from './icons.js';
import { t } from './i18n.js';

/**
 * @typedef {object} DialogOptions
 * @property {string} title
 * @property {Node} body
 * @property {boolean} [modal] true if missing: nothing else can be used meanwhile
 * @property {string} [class] one more class of the element
 * @property {() => void} [onclose] is told once, however it is closed
 */
/** @typedef {{element: HTMLDialogElement, close: () => void}} Dialog */

/** @type {Set<Dialog>} */
const open = new Set();
let count = 0;

/**
 * Opens a dialog with a title and a close button. Esc closes it too; then the
 * focus goes back to where it was.
 *
 * @param {DialogOptions} o
 * @returns {Dialog}
 */
export function openDialog({ title, body, modal = true, class: name = '', onclose }) {
  const opener = document.activeElement;
  const id = `dialog-${++count}`;
  const element = h('dialog', { class: `dialog ${name}`.trim(), 'aria-labelledby': id },
    h('div', { class: 'dialog-head' },
      h('h2', { id }, title),
      h('button', {
        type: 'button', class: 'button ghost icon-button', 'aria-label': t('dialog.close'), title: t('dialog.close'), onclick: () => dialog.close(),
      }, icon('close'))),
    h('div', { class: 'dialog-body' }, body));
  /** @type {Dialog} */
  const dialog = {
    element,
    close() {
      if (!open.delete(dialog)) {
        return;
      }
      const inside = element.contains(document.activeElement);
      element.close();
      element.remove();
      if (inside || document.activeElement === document.body) {
        focusOn(opener);
      }
      onclose?.();
    },
  };
  element.addEventListener('close', () => dialog.close());
  element.addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && !e.defaultPrevented && !modal) {
      dialog.close(); // a modal one is closed by the browser
    }
    e.stopPropagation();
  });
  open.add(dialog);
  (document.getElementById('app') ?? document.body).append(element);
  if (modal) {
    element.showModal();
  } else {
    element.show();
  }
  return dialog;
}

/** Closes all dialogs, because the screen that they belong to goes. */
export function closeDialogs() {
  open.forEach((d) => d.close());
}
