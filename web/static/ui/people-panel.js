// @ts-check
import { h } from './dom.js';
import { meetingActions, memberActions } from './hosting-actions.js';
import { ask } from './hosting-ask.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
import { openInvite } from './invite.js';
import { menu } from './menu.js';
import { People } from './people.js';
import { rightsOf } from './rights.js';
/** @import {Member} from '../lib/protocol.js' */
/** @import {Context} from './call.js' */
/** @import {Person} from './people.js' */

/** For how long a ban may hold, in milliseconds; 0 is for as long as the server remembers. */
const bans = [0, 3_600_000, 24 * 3_600_000, 7 * 24 * 3_600_000];

/** PeoplePanel is who is there, and what moderators do about them and the meeting. */
export class PeoplePanel {
  #ctx;
  #divide;
  #list = new People((id) => this.#memberActions(id));
  #meeting = h('button', { type: 'button', class: 'button', hidden: true }, icon('shield'), h('span', {}, t('hosting.meeting')));
  tools = h('div', { class: 'people-tools' },
    h('button', { type: 'button', class: 'button', onclick: () => this.#invite() }, icon('personAdd'), h('span', {}, t('hosting.invite'))),
    this.#meeting);
  people = this.#list.element;

  /**
   * @param {Context} ctx
   * @param {() => void} divide opens the dialog about breakout rooms
   */
  constructor(ctx, divide) {
    this.#ctx = ctx;
    this.#divide = divide;
    menu(this.#meeting, () => meetingActions(ctx.room, {
      attempt: (done) => this.#attempt(done), end: () => this.#end(), mute: () => this.#muteAll(), divide: () => this.#divide(),
    }));
  }

  update() {
    const leads = this.#ctx.room.can.moderate === true;
    if (!leads && document.activeElement === this.#meeting) {
      this.tools.querySelector('button')?.focus();
    }
    this.#meeting.hidden = !leads;
    this.#list.update(this.#persons(leads));
  }

  /** @param {boolean} leads whether we moderate @returns {Person[]} */
  #persons(leads) {
    const { room, media, controls, stage } = this.#ctx;
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
        id: m.id, name: m.name, colour: stage.views.colour(m.id), self: own, leads: own ? leads : rightsOf(m).moderate, away: m.state === 'reconnecting',
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
      if (await ask({ title: t('end.title'), text: t('end.text'), action: t('end.action') }) !== null) {
        await this.#ctx.room.hosting.end();
      }
    };
    this.#attempt(go());
  }

  #invite() {
    openInvite(this.#ctx.room);
  }
}

const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
