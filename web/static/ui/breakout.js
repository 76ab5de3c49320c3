// @ts-check
import { openDialog } from './dialog.js';
import { adrift, h, set, setText } from './dom.js';
import { sentence, t } from './i18n.js';
import { clock } from './names.js';
import { rightsOf } from './rights.js';
/** @import {Room} from '../lib/room.js' */

/** Choices of how long the rooms are open, in minutes; 0 is until they are closed. */
const times = [0, 5, 10, 15, 20, 30, 45, 60];
/** Rooms that can be made at most. */
const most = 20;

/**
 * Opens the dialog that divides the meeting into smaller rooms, and, while it is
 * divided, moves people between them.
 * @param {Room} room
 */
export function openBreakout(room) {
  const body = new Breakout(room);
  const update = () => (room.can.moderate ? body.update() : dialog.close());
  const off = [room.on('roster', update), room.on('info', update)];
  const timer = setInterval(() => body.tick(), 1000);
  const dialog = openDialog({ title: t('breakout.title'), body: body.element, class: 'dialog-breakout', onclose: () => {
    off.forEach((f) => f());
    clearInterval(timer);
  } });
  body.update();
}

class Breakout {
  #room;
  #number = h('input', { id: 'breakout-number', type: 'number', min: 2, max: most, value: 2, onchange: () => this.#resize() });
  #time = h('select', { id: 'breakout-time' }, ...times.map((n) => h('option', { value: n }, n === 0 ? t('breakout.noTime') : t('breakout.minutes', { n }))));
  #left = h('p', { class: 'breakout-left' });
  #text = h('input', { id: 'breakout-text', type: 'text', maxlength: 4000, autocomplete: 'off' });
  #error = h('p', { class: 'field-error', role: 'alert' });
  #said = h('p', { class: 'invite-about', role: 'status' });
  #list = h('ul', { class: 'breakout-list', role: 'list', 'aria-label': t('breakout.who') });
  /** Where everybody is to go, 0 for the main room; before the rooms are opened. @type {Map<string, number>} */
  #plan = new Map();
  /** @type {Map<string, {element: HTMLElement, select: HTMLSelectElement}>} */
  #rows = new Map();
  #setup = h('form', { class: 'breakout', onsubmit: (/** @type {Event} */ e) => (e.preventDefault(), this.#open()) },
    h('div', { class: 'invite-limits' }, field('breakout-number', t('breakout.number'), this.#number), field('breakout-time', t('breakout.time'), this.#time)),
    h('div', { class: 'row' },
      h('button', { type: 'button', class: 'button', onclick: () => this.#shuffle() }, t('breakout.shuffle')),
      h('button', { type: 'submit', class: 'button primary' }, t('breakout.open'))));
  #manage = h('form', { class: 'breakout', onsubmit: (/** @type {Event} */ e) => (e.preventDefault(), this.#tell()) },
    this.#left,
    field('breakout-text', t('breakout.message'), h('div', { class: 'row' }, this.#text, h('button', { type: 'submit', class: 'button' }, t('breakout.send')))),
    h('div', { class: 'row' }, h('button', { type: 'button', class: 'button danger', onclick: () => this.#close() }, t('breakout.close'))));
  element = h('div', { class: 'breakout' }, this.#setup, this.#manage, this.#error, this.#said, h('h3', {}, t('breakout.who')), this.#list);

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
    this.#number.value = String(Math.min(most, Math.max(2, Math.ceil(this.#movable().length / 4))));
  }

  get #division() {
    return this.#room.info?.breakout;
  }

  /** Who came by HTTP alone stays where it is. */
  #movable() {
    return this.#room.members.filter((m) => m.kind === 'web');
  }

  update() {
    const division = this.#division;
    const inside = this.element.contains(document.activeElement);
    this.#setup.hidden = division !== undefined;
    this.#manage.hidden = division === undefined;
    /** Everybody that is known of, and the place where they are. @type {Map<string, {name: string, place: string}>} */
    const everybody = new Map();
    const here = division && division.main !== this.#room.name ? this.#room.name : '';
    for (const m of this.#movable()) {
      everybody.set(m.id, { name: m.id === this.#room.self?.id ? t('call.you', { name: m.name }) : m.name, place: division ? here : String(this.#plan.get(m.id) ?? 0) });
    }
    for (const { room, members } of division?.rooms ?? []) {
      members.forEach(({ id, name }) => everybody.has(id) || everybody.set(id, { name, place: room }));
    }
    /** @type {[value: string, label: string][]} */
    const places = division
      ? [['', t('breakout.main')], ...division.rooms.map(({ room, name }) => /** @type {[string, string]} */ ([room, name]))]
      : [['0', t('breakout.main')], ...Array.from({ length: this.#count() }, (_, i) => /** @type {[string, string]} */ ([String(i + 1), t('breakout.room', { n: i + 1 })]))];
    this.#show(everybody, places);
    this.tick();
    if (inside && adrift(this.element)) {
      /** @type {HTMLElement|null} */ (this.element.querySelector('form:not([hidden]) input'))?.focus();
    }
  }

  /**
   * @param {Map<string, {name: string, place: string}>} everybody
   * @param {[value: string, label: string][]} places
   */
  #show(everybody, places) {
    for (const [id, { element }] of this.#rows) {
      if (!everybody.has(id)) {
        element.remove();
        this.#rows.delete(id);
      }
    }
    for (const [id, { name, place }] of everybody) {
      const row = this.#rows.get(id) ?? this.#row(id);
      setText(/** @type {Element} */ (row.element.firstElementChild), name);
      set(row.select, 'aria-label', t('breakout.placeOf', { name }));
      if (places.map(String).join() !== row.select.dataset.places) {
        row.select.dataset.places = places.map(String).join();
        row.select.replaceChildren(...places.map(([value, label]) => h('option', { value }, label)));
      }
      row.select.value = place;
    }
  }

  /** @param {string} id */
  #row(id) {
    const select = h('select', { onchange: () => this.#place(id, select.value) });
    const row = { element: h('li', {}, h('bdi', {}), select), select };
    this.#rows.set(id, row);
    this.#list.append(row.element);
    return row;
  }

  /** @param {string} id of a member @param {string} place */
  #place(id, place) {
    if (this.#division) {
      this.#attempt(this.#room.hosting.assign([{ name: place, members: [id] }]));
    } else {
      this.#plan.set(id, Number(place));
    }
  }

  #count() {
    return Math.min(most, Math.max(2, Math.round(Number(this.#number.value)) || 2));
  }

  #resize() {
    const n = this.#count();
    this.#number.value = String(n);
    this.#plan.forEach((place, id) => place > n && this.#plan.set(id, 0));
    this.update();
  }

  /** Moderators stay, because they look after all of the rooms. */
  #shuffle() {
    const list = this.#movable().filter((m) => !rightsOf(m).moderate);
    for (let i = list.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [list[i], list[j]] = [list[j], list[i]];
    }
    list.forEach((m, i) => this.#plan.set(m.id, (i % this.#count()) + 1));
    this.update();
  }

  #open() {
    const here = new Set(this.#movable().map((m) => m.id));
    const rooms = Array.from({ length: this.#count() }, (_, i) => ({
      name: t('breakout.room', { n: i + 1 }), members: [...this.#plan].filter(([id, place]) => place === i + 1 && here.has(id)).map(([id]) => id),
    }));
    const minutes = Number(this.#time.value);
    this.#attempt(this.#room.hosting.divide(rooms, minutes === 0 ? undefined : Date.now() + minutes * 60_000));
  }

  #tell() {
    const text = this.#text.value.trim();
    if (text) {
      this.#attempt(this.#room.hosting.tellRooms(text).then(() => {
        this.#text.value = '';
        setText(this.#said, t('breakout.sent'));
      }));
    }
  }

  #close() {
    this.#attempt(this.#room.hosting.unite());
  }

  /** @param {Promise<unknown>} done */
  async #attempt(done) {
    setText(this.#error, '');
    setText(this.#said, '');
    try {
      await done;
    } catch (err) {
      setText(this.#error, sentence(/** @type {any} */ (err)?.code ?? 'internal'));
      this.update(); // what was chosen is not what is
    }
  }

  /** Says how much time is left. */
  tick() {
    const ends = this.#division?.ends;
    setText(this.#left, ends === undefined ? t('breakout.untilClosed') : t('breakout.left', { time: clock(ends - Date.now()) }));
  }
}

/** @param {string} id @param {string} label @param {Element} control */
const field = (id, label, control) => h('div', { class: 'field' }, h('label', { for: id }, label), control);
