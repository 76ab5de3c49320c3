// @ts-check
import { BreakoutBar, mainRoom } from './breakout-bar.js';
import { h } from './dom.js';
import { Notices } from './hosting-notices.js';
import { Waiting } from './hosting-waiting.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
import { Panel } from './panel.js';
/** @import {Context} from './call.js' */

/**
 * Hosting is who is there, and what moderators do about them: the panel "People",
 * the notice about who waits, and what is told of the room itself.
 */
export class Hosting {
  #ctx;
  #panel;
  /** What the panel shows; it is fetched when the panel is opened first. @type {import('./people-panel.js').PeoplePanel|null} */
  #inside = null;
  #waiting;
  #bar;
  #recording = h('span', { class: 'head-badge is-recording', role: 'img', 'aria-label': t('hosting.recording'), title: t('hosting.recording'), hidden: true },
    h('span', { 'aria-hidden': 'true' }, t('hosting.rec')));
  #locked = h('span', { class: 'head-badge', role: 'img', 'aria-label': t('hosting.locked'), title: t('hosting.locked'), hidden: true }, icon('lock'));
  /** @type {(() => void)[]} */
  #off;

  /** @param {Context} ctx */
  constructor(ctx) {
    const { room, panels, toolbar, toasts, head } = ctx;
    this.#ctx = ctx;
    this.#waiting = new Waiting(room, (done) => this.#attempt(done));
    toasts.element.append(this.#waiting.notice);
    head.append(h('span', { class: 'head-badges' }, this.#recording, this.#locked));
    this.#panel = panels.add(new Panel({ id: 'people', title: t('people.title'), onchange: (open) => {
      this.update();
      if (open && !this.#inside) {
        this.#attempt(this.#fill());
      }
    } }));
    this.#panel.body.append(this.#waiting.list);
    toolbar.add({ id: 'people', icon: 'people', panel: 'people', key: 'p', onclick: () => this.#panel.toggle() });
    toolbar.add({ id: 'record', icon: 'record', toggles: true, more: true, hidden: true, onclick: () => this.#attempt(room.hosting.record(!room.info?.recording)) });
    this.#bar = new BreakoutBar(ctx, () => this.#divide());
    const notices = new Notices(ctx);
    this.#off = [room.on('info', ctx.update), room.hosting.on('knock', ctx.update), () => notices.close()];
  }

  update() {
    const { room, toolbar } = this.#ctx;
    const n = room.members.length;
    const records = room.caps.includes('record') && room.can.record === true;
    toolbar.update({ record: { hidden: !records, on: room.info?.recording === true } });
    toolbar.update({ people: { open: this.#panel.open, badge: n > 1 ? n : 0, title: `${t('toolbar.people')}: ${t('call.people', { n })}` } });
    this.#recording.hidden = !room.info?.recording;
    this.#locked.hidden = !room.info?.locked || mainRoom(room) !== room.name; // a breakout room always is
    this.#bar.update();
    this.#waiting.update();
    if (this.#panel.open) {
      this.#inside?.update();
    }
  }

  async #fill() {
    const { PeoplePanel } = await import('./people-panel.js');
    if (!this.#inside) { // it was opened twice meanwhile
      this.#inside = new PeoplePanel(this.#ctx, () => this.#divide());
      this.#panel.body.prepend(this.#inside.tools);
      this.#panel.body.append(this.#inside.people);
      this.update();
    }
  }

  /** Says why, when something is refused. @param {Promise<unknown>} done */
  #attempt(done) {
    done.catch(this.#ctx.fail);
  }

  #divide() {
    this.#attempt(import('./breakout.js').then(({ openBreakout }) => openBreakout(this.#ctx.room)));
  }

  close() {
    this.#bar.close();
    this.#off.forEach((off) => off());
  }
}
