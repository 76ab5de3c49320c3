// @ts-check
import { maxFile } from '../lib/files.js';
import { RoomError } from '../lib/switchyard.js';
import { h, set, setText } from './dom.js';
import { icon } from './icons.js';
import { sentence, t } from './i18n.js';
/** @import {Room} from '../lib/room.js' */

/**
 * @typedef {object} Waiting a file that is to be sent
 * @property {File} file
 * @property {string} to the only member who gets it; empty for everybody
 * @property {string} room for which it was chosen
 */

/** Why a file is not sent that will not be sent the next time either. */
const final = ['empty', 'too_large', 'aborted'];

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
  #again = h('button', { type: 'button', class: 'button', hidden: true, onclick: () => this.#retry() }, t('lobby.retry'));
  /** What is under way, and what went wrong. */
  element = h('div', { class: 'uploads' }, this.#going, this.#error, this.#again);
  /** @type {Waiting[]} */
  #queue = [];
  /** What may be sent again. @type {Waiting[]} */
  #unsent = [];
  /** @type {AbortController|null} */
  #stop = null;
  #closed = new AbortController();

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
    document.addEventListener('dragover', astray, { signal: this.#closed.signal });
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
    this.#go(files.map((file) => ({ file, to, room: this.#room.name })));
  }

  /** Sends here what was not sent. */
  #retry() {
    this.button.focus();
    this.#go(this.#unsent.map((next) => ({ ...next, room: this.#room.name })));
  }

  /** @param {Waiting[]} more */
  #go(more) {
    this.#queue.push(...more);
    if (!this.#stop) {
      this.#run();
    }
  }

  async #run() {
    /** @type {string[]} */
    const failed = [];
    let end = ''; // why those that wait are not sent either
    setText(this.#error, '');
    this.#unsent = [];
    this.#again.hidden = true;
    this.#going.hidden = false;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const code = end || await this.#sendOne(next);
      if (code) {
        end = code === 'empty' || code === 'too_large' || code === 'moved' ? '' : code;
        if (!final.includes(code)) {
          this.#unsent.push(next);
        }
        failed.push(t('chat.fileFailed', { name: next.file.name, reason: this.#reason(code) }));
        setText(this.#error, failed.join(' '));
      }
    }
    this.#stop = null;
    if (this.#going.contains(document.activeElement)) {
      this.button.focus();
    }
    this.#going.hidden = true;
    this.#again.hidden = this.#unsent.length === 0;
  }

  /**
   * @param {Waiting} next
   * @returns {Promise<string>} the code of why it was not sent, empty if it was
   */
  async #sendOne({ file, to, room }) {
    if (room !== this.#room.name) {
      return 'moved'; // those who are here are not those for whom it was chosen
    }
    const { signal } = this.#stop = new AbortController();
    setText(this.#name, file.name);
    this.#bar.value = 0;
    if (file.size === 0) {
      return 'empty'; // the server refuses it
    }
    try {
      await this.#room.sendFile(file, { to: to || undefined, signal, onprogress: (f) => (this.#bar.value = f) });
      return '';
    } catch (err) {
      return err instanceof RoomError ? err.code : 'internal';
    }
  }

  /** @param {string} code */
  #reason(code) {
    switch (code) {
      case 'empty':
        return t('chat.fileEmpty');
      case 'too_large':
        return t('chat.fileLarge', { size: sizeText(this.#room.limits.file ?? maxFile) });
      default:
        return sentence(code);
    }
  }

  close() {
    this.#closed.abort();
    this.#queue = [];
    this.#stop?.abort();
  }
}

/**
 * A file that is let go elsewhere would take the page's place.
 * @param {DragEvent} e
 */
function astray(e) {
  if (!e.defaultPrevented && e.dataTransfer?.types.includes('Files')) {
    e.preventDefault();
    e.dataTransfer.dropEffect = 'none';
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
