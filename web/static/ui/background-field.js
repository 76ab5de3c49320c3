// @ts-check
import { hasPicture } from './background.js';
import { choices } from './backgrounds.js';
import { h, setText } from './dom.js';
import { icon } from './icons.js';
import { sentence, t } from './i18n.js';
/** @import {Choice} from './backgrounds.js' */
/** @import {LocalMedia} from './media.js' */

/** BackgroundField chooses what is behind the person, from a list or as a file. */
export class BackgroundField {
  #media;
  #select;
  #file = h('input', { type: 'file', accept: 'image/*', hidden: true, onchange: () => this.#chosen() });
  #note = h('p', { class: 'hint', role: 'status' });
  /** What went wrong, or empty. */
  #wrong = '';
  element;
  #off;

  /**
   * @param {LocalMedia} media
   * @param {string} id of the list
   */
  constructor(media, id) {
    this.#media = media;
    this.#select = h('select', { id, onchange: () => this.#choose(/** @type {Choice} */ (this.#select.value)) });
    this.element = h('div', { class: 'field', hidden: !('OffscreenCanvas' in window) },
      h('label', { for: id }, t('background.label')),
      h('div', { class: 'row' }, this.#select,
        h('button', {
          type: 'button', class: 'button icon-button', 'aria-label': t('background.file'), title: t('background.file'), onclick: () => this.#file.click(),
        }, icon('attach')), this.#file),
      this.#note);
    const off = [
      media.on('change', () => this.#update()),
      media.on('background', (code) => this.#say(sentence(code))),
    ];
    this.#off = () => off.forEach((f) => f());
    this.#update();
  }

  #update() {
    const list = choices.filter((c) => c !== 'own' || hasPicture());
    if (this.#select.options.length !== list.length) {
      this.#select.replaceChildren(...list.map((c) => new Option(t(`background.${c}`), c)));
    }
    const { choice, loading } = this.#media.background;
    this.#select.value = choice;
    setText(this.#note, loading ? t('background.loading') : this.#wrong);
    this.#note.hidden = this.#note.textContent === '';
  }

  /** @param {string} wrong */
  #say(wrong) {
    this.#wrong = wrong;
    this.#update();
  }

  /** @param {Choice} choice */
  #choose(choice) {
    this.#say('');
    this.#media.background.choose(choice);
  }

  async #chosen() {
    const [file] = this.#file.files ?? [];
    this.#file.value = '';
    if (file) {
      const kept = await import('./picture.js').then(({ keepPicture }) => keepPicture(file)).catch(() => false);
      kept ? this.#choose('own') : this.#say(sentence('background_picture'));
    }
  }

  close() {
    this.#off();
  }
}
