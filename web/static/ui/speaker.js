// @ts-check
import { h, set } from './dom.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
import { canChooseSpeaker } from './media.js';
import { chime } from './sound.js';
/** @import {LocalMedia} from './media.js' */

/**
 * A button that plays a sound on the chosen speaker, and shows how long it does.
 * Where no speaker can be chosen it stands alone, and says what it is.
 * @param {LocalMedia} media
 */
export function speakerTest(media) {
  const name = t('lobby.testSpeaker');
  /** @type {HTMLButtonElement} */
  const button = h('button', {
    type: 'button', class: `button speaker-test${canChooseSpeaker ? ' icon-button' : ''}`, 'aria-label': name, title: name,
    onclick: async () => {
      if (button.getAttribute('aria-busy') !== 'true') {
        set(button, 'aria-busy', true);
        await chime(media.speaker);
        set(button, 'aria-busy', null);
      }
    },
  }, icon('speaker'), !canChooseSpeaker && name);
  return button;
}
