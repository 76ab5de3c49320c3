// @ts-check
import { BreakoutBar, mainRoom } from './breakout-bar.js';
import { h } from './dom.js';
import { meetingActions, memberActions } from './hosting-actions.js';
import { Notices } from './hosting-notices.js';
import { Waiting } from './hosting-waiting.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
import { menu } from './menu.js';
import { Panel } from './panel.js';
import { People } from './people.js';
import { rightsOf } from './rights.js';
/** @import {Member} from '../lib/protocol.js' */
/** @import {Context} from './call.js' */
/** @import {Person} from './people.js' */

/** For how long a ban may hold, in milliseconds; 0 is for as long as the server remembers. */
const bans = [0, 3_600_000, 24 * 3_600_000, 7 * 24 * 3_600_000];

/**
 * Hosting is who is there, and what moderators do about them: the panel "People",
 * the notice about who waits, and what is told of the room itself.
 */
export class Hosting {
  #ctx;
  #panel;
  #people = new People((id) => this.#memberActions(id));
  #waiting;
  #bar;
  #meeting = h('button', { type: 'button', class: 'button', hidden: true }, icon('shield'), h('span', {}, t('hosting.meeting')));
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
    this.#panel = panels.add(new Panel({ id: 'people', title: t('people.title'), onchange: () => this.update() }));
    menu(this.#meeting, () => meetingActions(room, {
      attempt: (done) => this.#attempt(done), end: () => this.#end(), mute: () => this.#muteAll(), divide: () => this.#divide(),
    }));
    this.#panel.body.append(
      h('div', { class: 'people-tools' },
        h('button', { type: 'button', class: 'button', onclick: () => this.#invite() }, icon('personAdd'), h('span', {}, t('hosting.invite'))),
        this.#meeting),
      this.#waiting.list, this.#people.element);
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
      const leads = room.can.moderate === true;
      if (!leads && document.activeElement === this.#meeting) {
        this.#panel.element.querySelector('button')?.focus();
      }
      this.#meeting.hidden = !leads;
      this.#people.update(this.#persons(leads));
    }
  }

  /** @param {boolean} leads whether we moderate @returns {Person[]} */
  #persons(leads) {
    const { room, media, controls } = this.#ctx;
    const { self, members } = room;
    /** What is not muted, by member. @type {Map<string, Set<string>>} */
    const live = new Map(members.map((m) => [m.id, new Set()]));
    for (const p of room.publications) {
      if (!p.muted) {
        live.get(p.member)?.add(p.source);
      }
    }
    const hands = members.filter((m) => m.hand).sort((a, b) => (a.hand ?? 0) - (b.hand ?? 0)).map((m) => m.id);
    const persons = members.map((m) => {
      const own = m.id === self?.id;
      const has = (/** @type {string} */ source) => live.get(m.id)?.has(source) === true;
      return {
        id: m.id, name: m.name, self: own, leads: own ? leads : rightsOf(m).moderate, away: m.state === 'reconnecting',
        hand: hands.indexOf(m.id) + 1,
        mic: own ? media.live('mic') : has('microphone'), cam: own ? media.live('cam') : has('camera'),
        screen: own ? controls.sharing : has('screen'), actions: leads,
      };
    });
    const place = (/** @type {Person} */ p) => p.hand || (p.self ? 1e6 : 1e7);
    return persons.sort((a, b) => place(a) - place(b) || collator.compare(a.name, b.name));
  }

  /** @param {string} id */
  #memberActions(id) {
    const { room } = this.#ctx;
    const member = room.members.find((m) => m.id === id);
    return member ? memberActions(room, member, {
      attempt: (done) => this.#attempt(done), remove: () => this.#remove(member), ban: () => this.#ban(member),
    }) : [];
  }

  /** Says why, when something is refused. @param {Promise<unknown>} done */
  #attempt(done) {
    done.catch(this.#ctx.fail);
  }

  /** @param {Member} m */
  #remove(m) {
    const { room, toasts } = this.#ctx;
    this.#attempt(room.hosting.kick(m.id).then(() => toasts.note(t('note.removed', { name: m.name }))));
  }

  /** @param {Member} m */
  #ban(m) {
    const { room, toasts } = this.#ctx;
    const go = async () => {
      const { ask } = await import('./hosting-ask.js');
      const { name } = m;
      const life = await ask({
        title: t('ban.title', { name }), text: t('ban.text'), action: t('ban.action'), label: t('ban.life'),
        choices: bans.map((ms, i) => [String(ms), t(`ban.life.${i}`)]),
      });
      if (life === null) {
        return;
      }
      await room.hosting.ban(m.id, Number(life) === 0 ? undefined : Date.now() + Number(life));
      toasts.show('banned_other', t('note.banned', { name }), {
        actions: [{ label: t('note.undo'), onclick: () => this.#attempt(room.hosting.unban(m.id)) }],
      });
    };
    this.#attempt(go());
  }

  #muteAll() {
    const { room, toasts } = this.#ctx;
    this.#attempt(room.hosting.muteAll().then(() => toasts.note(t('note.mutedAll'))));
  }

  #end() {
    const go = async () => {
      const { ask } = await import('./hosting-ask.js');
      if (await ask({ title: t('end.title'), text: t('end.text'), action: t('end.action') }) !== null) {
        await this.#ctx.room.hosting.end();
      }
    };
    this.#attempt(go());
  }

  #invite() {
    this.#attempt(import('./invite.js').then(({ openInvite }) => openInvite(this.#ctx.room)));
  }

  #divide() {
    this.#attempt(import('./breakout.js').then(({ openBreakout }) => openBreakout(this.#ctx.room)));
  }

  close() {
    this.#bar.close();
    this.#off.forEach((off) => off());
  }
}

const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
