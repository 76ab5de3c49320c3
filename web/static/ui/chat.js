// @ts-check
import { RoomError } from '../lib/switchyard.js';
import { h } from './dom.js';
import { fileLink, Files } from './files.js';
import { icon } from './icons.js';
import { parts, sentence, t } from './i18n.js';
import { linked } from './links.js';
import { Panel } from './panel.js';
import { Recipient } from './recipient.js';
/** @import {Line} from '../lib/types.js' */
/** @import {Context} from './call.js' */

/**
 * Chat shows the messages of the room in a panel. One's own appears when the
 * server has acknowledged it, and only then: until it does, the text stays in
 * the box.
 */
export class Chat {
  #room;
  #toolbar;
  #empty = h('p', { class: 'chat-empty' }, t('chat.empty'));
  #log = h('div', { class: 'chat-log', role: 'log', 'aria-live': 'polite', 'aria-label': t('chat.title'), tabindex: 0 });
  #input = h('textarea', {
    class: 'chat-input', rows: 1, maxlength: 4000, 'aria-label': t('chat.message'), placeholder: t('chat.placeholder'),
  });
  #send = h('button', { type: 'submit', class: 'button primary icon-button', 'aria-label': t('chat.send'), title: t('chat.send') }, icon('send'));
  #error = h('p', { class: 'field-error', role: 'alert' });
  /** @type {WeakMap<Line, HTMLElement>} what shows a line */
  #shown = new WeakMap();
  #panel;
  #to;
  #files;
  #off;
  /** Messages that came while the panel was closed. */
  #unread = 0;

  /** @param {Context} ctx */
  constructor({ room, panels, toolbar }) {
    this.#room = room;
    this.#toolbar = toolbar;
    this.#input.addEventListener('keydown', (e) => {
      // Safari tells by the code 229 alone that Enter ends a syllable.
      if (e.key === 'Enter' && !e.shiftKey && !e.isComposing && e.keyCode !== 229) {
        e.preventDefault();
        this.#submit();
      }
    });
    this.#panel = panels.add(new Panel({ id: 'chat', title: t('chat.title'), close: t('chat.close'), onchange: (open) => this.#toggled(open) }));
    this.#to = new Recipient(room, (name) => {
      this.#input.placeholder = name ? t('chat.placeholderTo', { name }) : t('chat.placeholder');
    });
    this.#files = new Files(room, () => this.#to.value, this.#panel.element);
    this.#panel.body.append(this.#empty, this.#log, this.#files.element, this.#to.element,
      h('form', { class: 'chat-form', onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); this.#submit(); } },
        this.#files.button, this.#input, this.#send, this.#error));
    toolbar.add({ id: 'chat', icon: 'chat', panel: 'chat', key: 'c', onclick: () => this.#panel.toggle() });
    room.chat.lines.forEach((l) => this.#add(l));
    this.#unread = 0;
    this.#draw();
    const off = [room.on('line', (line) => this.#add(line)), room.on('moved', () => this.#renew())];
    this.#off = () => off.forEach((f) => f());
  }

  /** Another room has other lines, and other members: what was meant for one must not reach all. */
  #renew() {
    if (this.#to.renew()) {
      this.#input.value = '';
    }
    this.#log.replaceChildren();
    this.#shown = new WeakMap();
    this.#room.chat.lines.forEach((l) => this.#add(l));
    this.#empty.hidden = this.#room.chat.lines.length > 0;
    this.#unread = 0;
    this.#draw();
  }

  /** @param {boolean} open */
  #toggled(open) {
    if (open) {
      this.#unread = 0;
      this.#log.scrollTop = this.#log.scrollHeight;
    }
    this.#draw();
    this.update();
  }

  update() {
    if (this.#panel.open) {
      this.#to.update();
      this.#files.update();
    }
  }

  #draw() {
    const n = this.#unread;
    this.#toolbar.update({ chat: { open: this.#panel.open, badge: n, title: n > 0 ? t('chat.unread', { n }) : '' } });
  }

  /** @param {Line} line */
  #add(line) {
    const low = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 48;
    const p = h('p', { class: line.own ? 'line own' : 'line', title: new Date(line.ts).toLocaleTimeString(document.documentElement.lang) },
      // Isolated, so that a name or text from right to left keeps to itself.
      ...this.#words(line));
    const { lines } = this.#room.chat;
    this.#log.insertBefore(p, this.#shown.get(lines[lines.indexOf(line) + 1]) ?? null);
    this.#shown.set(line, p);
    while (this.#log.childElementCount > lines.length) {
      this.#log.firstElementChild?.remove(); // the room has forgotten it
    }
    this.#empty.hidden = true;
    if (low) {
      this.#log.scrollTop = this.#log.scrollHeight;
    }
    if (!this.#panel.open && !line.own) {
      this.#unread++;
      this.#draw();
    }
  }

  /** @param {Line} line */
  #words(line) {
    const name = h('b', {}, h('bdi', {}, line.own ? t('chat.you') : line.name || t('chat.someone')));
    const text = h('bdi', {}, ...(line.attachment ? [fileLink(line.attachment)] : linked(line.text).map(piece)));
    if (!line.to) {
      return parts('chat.line', { name, text });
    }
    const { members, self } = this.#room;
    const to = line.to === self?.id ? t('chat.you') : members.find((m) => m.id === line.to)?.name ?? t('chat.someone');
    return parts('chat.lineTo', { name, to: h('bdi', {}, to), privately: h('i', { class: 'privately' }, t('chat.privately')), text });
  }

  async #submit() {
    const text = this.#input.value.trim();
    if (!text || this.#input.readOnly) {
      return;
    }
    this.#wait(true);
    this.#error.textContent = '';
    try {
      await this.#room.chat.sendTo(this.#to.value, text);
      this.#input.value = '';
    } catch (err) {
      const code = err instanceof RoomError ? err.code : 'internal';
      this.#error.textContent = t('chat.failed', { reason: sentence(code) });
      if (this.#input.value === '') { // it was for one alone, who is not here
        this.#error.append(' ', h('q', {}, h('bdi', {}, text)));
      }
    } finally {
      this.#wait(false);
    }
  }

  /** @param {boolean} waiting for the acknowledgement */
  #wait(waiting) {
    this.#input.readOnly = waiting;
    this.#send.setAttribute('aria-busy', String(waiting));
  }

  close() {
    this.#off();
    this.#files.close();
  }
}

/** @param {string|import('./links.js').Link} p of a text, which is never markup */
function piece(p) {
  return typeof p === 'string' ? p : h('a', { href: p.href, rel: 'noopener noreferrer nofollow', target: '_blank' }, p.text);
}
