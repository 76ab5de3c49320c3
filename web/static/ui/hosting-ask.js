// @ts-check
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { t } from './i18n.js';

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text what happens
 * @property {string} action what the button says that does it
 * @property {string} [label] of the choices
 * @property {[value: string, label: string][]} [choices] the first one is chosen
 */

/**
 * Asks before something is done that takes something from others.
 *
 * @param {Question} q
 * @returns {Promise<string|null>} the choice, empty where there is none; null if it
 *   is not to be done
 */
export function ask(q) {
  return new Promise((done) => {
    /** @type {string|null} */
    let answer = null;
    const select = q.choices && h('select', { id: 'ask-choice' }, ...q.choices.map(([value, label]) => h('option', { value }, label)));
    const body = h('form', {
      class: 'ask', onsubmit: (/** @type {Event} */ e) => {
        e.preventDefault();
        answer = select?.value ?? '';
        dialog.close();
      },
    },
    h('p', {}, q.text),
    select && h('div', { class: 'field' }, h('label', { for: 'ask-choice' }, q.label ?? ''), select),
    h('div', { class: 'row dialog-actions' },
      h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, t('ask.cancel')),
      h('button', { type: 'submit', class: 'button danger' }, q.action)));
    const dialog = openDialog({ title: q.title, body, class: 'dialog-small', onclose: () => done(answer) });
  });
}
