// @ts-check
import { maxFile } from '../lib/files.js';
import { RoomError } from '../lib/switchyard.js';
import { h, set, setText } from './dom.js';
import { icon } from './icons.js';
import { sentence, t } from './i18n.js';
/** @import {Room} from '../lib/room.js' */

/**
 * Files sends files with the chat: those that are chosen, dropped on the panel or
 * pasted into the message. One is sent at a time, and can be stopped.
 */
export class Files {
  #room;
  #to;
  #choose = h('input', { type: 'file', multiple: true, hidden: true, onchange: () => this.#chosen() });
  button = h('button', {
    type: 'button', class: 'button ghost icon-button chat-attach', 'aria-label': t('chat.attach'), title: t('chat.attach'), hidden: true,
    onclick: () => this.#choose.click(),
  }, icon('attach'), this.#choose);
  #name = h('span', { class: 'upload-name' });
  #bar = h('progress', { max: 1, value: 0, 'aria-label': t('chat.sending') });
  #error = h('p', { class: 'field-error', role: 'alert' });
  #going = h('div', { class: 'upload', hidden: true }, this.#name, this.#bar,
    h('button', {
      type: 'button', class: 'button ghost icon-button', 'aria-label': t('chat.stop'), title: t('chat.stop'), onclick: () => this.#stop?.abort(),
    }, icon('close')));
  /** What is under way, and what went wrong. */
  element = h('div', { class: 'uploads' }, this.#going, this.#error);
  /** @type {{file: File, to: string}[]} */
  #queue = [];
  /** @type {AbortController|null} */
  #stop = null;

  /**
   * @param {Room} room
   * @param {() => string} to the only member who is to get them; empty for everybody
   * @param {HTMLElement} panel to drop them on
   */
  constructor(room, to, panel) {
    this.#room = room;
    this.#to = to;
    panel.addEventListener('dragover', (e) => this.#dragged(e, panel));
    panel.addEventListener('dragleave', () => panel.classList.remove('is-over'));
    panel.addEventListener('drop', (e) => this.#dropped(e, panel));
    panel.addEventListener('paste', (e) => {
      const files = [...e.clipboardData?.files ?? []];
      // An office program gives a picture of the text with it.
      const text = ['text/plain', 'text/html'].every((type) => e.clipboardData?.types.includes(type));
      if (files.length > 0 && !text && this.on) {
        e.preventDefault();
        this.#send(files);
      }
    });
  }

  /** Whether files can be sent: the server takes them, and we may. */
  get on() {
    return this.#room.caps.includes('files') && this.#room.can.chat === true;
  }

  update() {
    this.button.hidden = !this.on;
  }

  /** @param {DragEvent} e @param {HTMLElement} panel */
  #dragged(e, panel) {
    if (this.on && e.dataTransfer?.types.includes('Files')) {
      e.preventDefault();
      panel.classList.add('is-over');
    }
  }

  /** @param {DragEvent} e @param {HTMLElement} panel */
  #dropped(e, panel) {
    panel.classList.remove('is-over');
    if (this.on && e.dataTransfer?.types.includes('Files')) {
      e.preventDefault();
      this.#send([...e.dataTransfer.files]);
    }
  }

  #chosen() {
    this.#send([...this.#choose.files ?? []]);
    this.#choose.value = ''; // the same one may be chosen again
  }

  /** @param {File[]} files */
  #send(files) {
    const to = this.#to();
    this.#queue.push(...files.map((file) => ({ file, to })));
    if (!this.#stop) {
      this.#run();
    }
  }

  async #run() {
    setText(this.#error, '');
    this.#going.hidden = false;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { file, to } = next;
      const stop = this.#stop = new AbortController();
      setText(this.#name, file.name);
      this.#bar.value = 0;
      try {
        await this.#room.sendFile(file, { to: to || undefined, signal: stop.signal, onprogress: (f) => (this.#bar.value = f) });
      } catch (err) {
        this.#queue = [];
        setText(this.#error, t('chat.fileFailed', { name: file.name, reason: this.#reason(err) }));
      }
    }
    this.#stop = null;
    if (this.#going.contains(document.activeElement)) {
      this.button.focus();
    }
    this.#going.hidden = true;
  }

  /** @param {unknown} err */
  #reason(err) {
    const code = err instanceof RoomError ? err.code : 'internal';
    return code === 'too_large' ? t('chat.fileLarge', { size: sizeText(this.#room.limits.file ?? maxFile) }) : sentence(code);
  }

  close() {
    this.#queue = [];
    this.#stop?.abort();
  }
}

/**
 * A file of the chat, as it stands in a line.
 * @param {{url: string, name: string, size: number}} file
 */
export function fileLink({ url, name, size }) {
  const link = h('a', { class: 'chat-file', href: url, download: name, rel: 'noopener noreferrer nofollow', target: '_blank' },
    icon('attach'), h('bdi', {}, name), ' ', h('small', {}, sizeText(size)));
  set(link, 'title', name);
  return link;
}

/** @param {number} bytes @returns {string} such as 3.4 MB, in the visitor's language */
function sizeText(bytes) {
  const steps = /** @type {const} */ (['byte', 'kilobyte', 'megabyte']);
  const step = bytes < 1000 ? 0 : bytes < 1e6 ? 1 : 2;
  return new Intl.NumberFormat(document.documentElement.lang, {
    style: 'unit', unit: steps[step], unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: bytes / 1000 ** step < 10 ? 1 : 0,
  }).format(bytes / 1000 ** step);
}
