// @ts-check
import { h, show } from './dom.js';
import { icon } from './icons.js';
import { parts, sentence, t } from './i18n.js';
import { clock } from './names.js';

/**
 * Shows that the call is over, and why.
 * @param {object} o
 * @param {string} o.room
 * @param {number|null} o.elapsed in milliseconds, null if it never began
 * @param {string} o.code of the reason, empty for one's own leave
 * @param {() => void} o.onRejoin
 */
export function showLeft(o) {
  document.title = t('app.name');
  const title = o.code === '' ? 'left.title' : o.elapsed === null ? 'left.refused' : 'left.ended';
  const room = h('bdi', { class: 'whole' }, o.room); // no line ends at a hyphen of its name
  const again = h('button', { type: 'button', class: 'button primary', onclick: o.onRejoin },
    t(o.elapsed === null ? 'left.retry' : 'left.rejoin'));
  show(h('main', { class: 'home' },
    h('div', { class: 'card left-card' },
      icon('mark'),
      h('h1', {}, ...parts(title, { room, time: clock(o.elapsed ?? 0) })),
      o.code !== '' && h('p', { class: 'lead', role: 'alert' }, sentence(o.code)),
      h('div', { class: 'row' }, again, h('a', { class: 'button', href: '/' }, t('left.home'))))));
  again.focus();
}
