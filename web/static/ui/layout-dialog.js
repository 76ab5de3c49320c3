// @ts-check
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
import { modes } from './stage.js';
/** @import {Stage} from './stage.js' */

const pictures = /** @type {const} */ ({ auto: 'auto', grid: 'grid', speaker: 'layout', sidebar: 'sidebar', presentation: 'share' });

/**
 * Lets the visitor choose the layout. What is chosen is seen at once, beside
 * the dialog.
 * @param {Stage} stage
 */
export function openLayouts(stage) {
  const layouts = modes.map((m) => h('label', { class: 'choice' },
    h('input', {
      type: 'radio', name: 'layout', checked: stage.mode === m, 'aria-label': t(`layout.${m}`), 'aria-describedby': `layout-${m}`,
      onchange: () => (stage.mode = m),
    }),
    icon(pictures[m]),
    h('span', {}, h('b', {}, t(`layout.${m}`)), h('small', { id: `layout-${m}` }, t(`layout.${m}Hint`)))));
  const check = (/** @type {string} */ label, /** @type {boolean} */ on, /** @type {(on: boolean) => void} */ set) => {
    const box = h('input', { type: 'checkbox', checked: on, onchange: () => set(box.checked) });
    return h('label', { class: 'choice' }, box, h('span', {}, t(label)));
  };
  openDialog({
    title: t('layout.title'), modal: false, class: 'layouts',
    body: h('div', { class: 'choices' },
      h('div', { role: 'radiogroup', 'aria-label': t('layout.title') }, ...layouts),
      check('layout.hideSelf', stage.hideSelf, (on) => (stage.hideSelf = on)),
      check('layout.hideNoVideo', stage.hideNoVideo, (on) => (stage.hideNoVideo = on))),
  });
}
