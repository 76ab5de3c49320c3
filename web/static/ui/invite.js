// @ts-check
import { mainRoom } from './breakout-bar.js';
import { copied } from './clipboard.js';
import { openDialog } from './dialog.js';
import { h, setText } from './dom.js';
import { icon } from './icons.js';
import { sentence, t } from './i18n.js';
import { tokenFor } from './invitation.js';
import { made, revoked } from './invite-made.js';
import { qrCode } from './qr.js';
/** @import {Room} from '../lib/room.js' */
/** @import {Role} from '../lib/protocol.js' */
/** @import {Made} from './invite-made.js' */

const hour = 3_600_000;
/** Choices of how long an invitation is good, in milliseconds. */
const lives = [hour, 24 * hour, 7 * 24 * hour, 30 * 24 * hour];
/** Choices of how many may join with it; 0 is any number. */
const uses = [0, 1, 2, 5, 10, 25, 100];
/** How wide a QR code is, about, in pixels. */
const codeWidth = 340;
/** What a clock may be ahead of the server's, which counts the longest life, in milliseconds. */
const slack = 300_000;

/**
 * Opens the dialog that invites others: by the room's link, and, as a moderator,
 * by one that says as what they come in, until when, and how many.
 * @param {Room} room
 */
export function openInvite(room) {
  const invite = new Invite(room);
  const dialog = openDialog({ title: t('invite.title'), body: invite.element, class: 'dialog-invite', onclose: room.on('roster', () => {
    if (!room.can.moderate && invite.hosts) {
      dialog.close(); // it offers what we may not do any more
    }
  }) });
}

class Invite {
  hosts;
  #room;
  #plain;
  #role = select('invite-role', [['', t('invite.plain')], ['guest', t('role.guest')], ['viewer', t('role.viewer')], ['moderator', t('role.moderator')]]);
  #life = select('invite-life', lives.map((ms, i) => [String(ms), t(`invite.life.${i}`)]));
  #uses = select('invite-uses', uses.map((n) => [String(n), n === 0 ? t('invite.anyNumber') : String(n)]));
  #make = h('button', { type: 'submit', class: 'button primary' }, icon('link'), t('invite.make'));
  #about = h('p', { class: 'invite-about', 'aria-live': 'polite' });
  #error = h('p', { class: 'field-error', role: 'alert' });
  #limits = h('div', { class: 'invite-limits' },
    field('invite-life', t('invite.life'), this.#life), field('invite-uses', t('invite.uses'), this.#uses), this.#make);
  #form = h('form', { class: 'invite-form', onsubmit: (/** @type {Event} */ e) => (e.preventDefault(), this.#invite()) },
    field('invite-role', t('invite.as'), this.#role), this.#limits, this.#error);
  #link = h('input', { id: 'invite-link', type: 'text', readonly: true, onfocus: () => this.#link.select() });
  #copy = copyButton(() => this.#link.value);
  #share = h('button', { type: 'button', class: 'button', onclick: () => this.#shared() }, icon('send'), t('invite.share'));
  #code = h('div', { class: 'invite-code', role: 'img', 'aria-label': t('invite.code') });
  #result = h('div', { class: 'invite-result' }, field('invite-link', t('invite.link'), this.#link),
    h('div', { class: 'row' }, this.#copy, this.#share), this.#code);
  #list = h('ul', { class: 'invite-list', role: 'list', 'aria-label': t('invite.made') });
  #made = h('section', { class: 'invite-made' }, h('h3', {}, t('invite.made')), this.#list);
  element = h('div', { class: 'invite' }, this.#form, this.#about, this.#result, this.#made);

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
    this.#plain = `${location.origin}/?room=${encodeURIComponent(mainRoom(room))}`;
    this.hosts = room.can.moderate === true;
    this.#form.hidden = !this.hosts;
    this.#share.hidden = !('share' in navigator);
    this.#role.addEventListener('change', () => this.#choose());
    this.#life.value = String(24 * hour);
    // Who came by a token is in a room that a plain link may not open.
    this.#role.value = this.hosts && tokenFor(mainRoom(room)) ? 'guest' : '';
    this.#choose();
    this.#showMade();
  }

  #choose() {
    const role = this.#role.value;
    this.#limits.hidden = role === '';
    setText(this.#about, t(role === '' ? 'invite.aboutPlain' : `invite.about.${role}`));
    this.#show(role === '' ? this.#plain : '');
  }

  /** @param {string} link empty hides it */
  #show(link) {
    this.#result.hidden = link === '';
    this.#error.textContent = '';
    if (link !== '' && link !== this.#link.value) {
      this.#code.replaceChildren(drawn(link));
    }
    this.#link.value = link;
  }

  async #invite() {
    if (this.#make.getAttribute('aria-busy') === 'true') {
      return;
    }
    const [role, life, uses] = [/** @type {Role} */ (this.#role.value), Number(this.#life.value), Number(this.#uses.value)];
    const expires = Date.now() + Math.min(life, 30 * 24 * hour - slack);
    this.#make.setAttribute('aria-busy', 'true');
    try {
      const { id, url } = await this.#room.hosting.invite({ role, expires, uses });
      const one = { id, url: new URL(url, location.origin).href, role, expires, uses };
      made(this.#room.name, one);
      this.#show(one.url);
      this.#showMade();
      this.#link.focus();
    } catch (err) {
      this.#error.textContent = sentence(/** @type {any} */ (err)?.code ?? 'internal');
    } finally {
      this.#make.setAttribute('aria-busy', 'false');
    }
  }

  #showMade() {
    const list = this.hosts ? made(this.#room.name) : [];
    this.#made.hidden = list.length === 0;
    this.#list.replaceChildren(...list.map((one) => this.#row(one)));
  }

  /** @param {Made} one */
  #row(one) {
    const until = new Date(one.expires).toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
    const name = t('invite.one', { role: t(`role.${one.role}`), until, uses: one.uses === 0 ? t('invite.anyNumber') : t('invite.count', { n: one.uses }) });
    return h('li', {}, h('span', {}, name),
      h('button', { type: 'button', class: 'button ghost', 'aria-label': t('invite.showOne', { name }), onclick: () => this.#show(one.url) }, t('invite.show')),
      h('button', { type: 'button', class: 'button ghost', 'aria-label': t('invite.revokeOne', { name }), onclick: () => this.#revoke(one) }, t('invite.revoke')));
  }

  /** @param {Made} one */
  async #revoke(one) {
    try {
      await this.#room.hosting.revoke(one.id);
    } catch (err) {
      const code = /** @type {any} */ (err)?.code ?? 'internal';
      if (code !== 'bad_request') { // the server knows it no more: it is as good as revoked
        this.#error.textContent = sentence(code);
        return;
      }
    }
    revoked(this.#room.name, one.id);
    if (this.#link.value === one.url) {
      this.#show('');
    }
    this.#showMade();
    this.#role.focus();
    setText(this.#about, t('invite.revoked'));
  }

  #shared() {
    const url = this.#link.value;
    navigator.share({ title: t('invite.shareTitle', { room: this.#room.name }), url }).catch(() => {}); // it was cancelled
  }
}

/** @param {() => string} text */
function copyButton(text) {
  const label = h('span', {}, t('invite.copy'));
  return h('button', {
    type: 'button', class: 'button',
    onclick: async () => {
      const done = await copied(text());
      setText(label, t(done ? 'invite.copied' : 'invite.copyByHand'));
      setTimeout(() => setText(label, t('invite.copy')), 2000);
    },
  }, icon('copy'), label);
}

/**
 * @param {string} id
 * @param {[value: string, label: string][]} options
 */
const select = (id, options) => h('select', { id }, ...options.map(([value, label]) => h('option', { value }, label)));

/**
 * @param {string} id of the control
 * @param {string} label
 * @param {Element} control
 */
const field = (id, label, control) => h('div', { class: 'field' }, h('label', { for: id }, label), control);

/**
 * @param {string} text
 * @returns {SVGSVGElement} its QR code, dark on light in every colour scheme
 */
function drawn(text) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const modules = qrCode(text);
  const size = modules.length + 8; // with the margin
  svg.setAttribute('viewBox', `-4 -4 ${size} ${size}`);
  svg.setAttribute('width', String(size * Math.max(3, Math.floor(codeWidth / size)))); // whole pixels are sharp
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', modules.map((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : '')).join('')).join(''));
  svg.append(path);
  return svg;
}
