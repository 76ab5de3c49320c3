// @ts-check
import { openDialog } from './dialog.js';
import { adrift, h, set, setText } from './dom.js';
import { sentence, t } from './i18n.js';
/** @import {Poll} from '../lib/protocol.js' */
/** @import {Room} from '../lib/room.js' */
/** @import {Context} from './call.js' */

/** Choices that a poll has at least, and at most. */
const fewest = 2;
const most = 10;

/**
 * Opens the polls of the room: to vote, to see what came of them, and, for
 * moderators, to ask something and to close it.
 * @param {Context} ctx
 * @param {() => void} onclose
 */
export function openPolls({ room }, onclose) {
  const error = h('p', { class: 'field-error', role: 'alert' });
  const attempt = async (/** @type {Promise<unknown>} */ done) => {
    setText(error, '');
    try {
      await done;
      return true;
    } catch (err) {
      setText(error, sentence(/** @type {any} */ (err)?.code ?? 'internal'));
      return false;
    }
  };
  const form = newPoll(async (question, choices, secret) => {
    const opened = await attempt(room.talk.openPoll(question, choices, { secret }));
    if (opened) {
      asking.open = false;
      asking.querySelector('summary')?.focus(); // what had the focus is out of sight
    }
    return opened;
  });
  const asking = h('details', { class: 'poll-asking', open: room.talk.polls.length === 0 }, h('summary', {}, t('polls.new')), form);
  const none = h('p', { class: 'hint' }, t('polls.none'));
  const list = h('div', { class: 'polls', role: 'list', 'aria-label': t('polls.title') });
  /** @type {Map<string, PollView>} */
  const views = new Map();
  const update = () => {
    asking.hidden = !room.can.moderate;
    none.hidden = room.talk.polls.length > 0;
    for (const p of room.talk.polls) {
      let view = views.get(p.id);
      if (!view) {
        view = new PollView(room, p, attempt);
        views.set(p.id, view);
        list.prepend(view.element); // the newest is on top
      }
      view.update(p);
    }
    for (const [id, view] of views) {
      if (!room.talk.polls.some((p) => p.id === id)) {
        view.element.remove();
        views.delete(id);
      }
    }
  };
  update();
  const off = [room.talk.on('poll', update), room.on('roster', update)];
  return openDialog({
    title: t('polls.title'), modal: false, class: 'polls-dialog', body: h('div', { class: 'fields' }, list, none, error, asking),
    onclose: () => (off.forEach((f) => f()), onclose()),
  });
}

/** PollView is one poll. It is made once, and changed where it differs. */
class PollView {
  #room;
  #rows;
  #note = h('p', { class: 'hint' });
  #vote = h('button', { type: 'submit', class: 'button primary' }, t('polls.vote'));
  #close = h('button', { type: 'button', class: 'button' }, t('polls.close'));
  element;

  /**
   * @param {Room} room
   * @param {Poll} poll
   * @param {(done: Promise<unknown>) => Promise<boolean>} attempt
   */
  constructor(room, poll, attempt) {
    const { id } = poll;
    this.#room = room;
    this.#rows = poll.choices.map((text, i) => {
      const radio = h('input', { type: 'radio', name: `poll-${id}`, value: i, required: true });
      const bar = h('span', { class: 'poll-bar', 'aria-hidden': 'true' });
      const count = h('span', { class: 'poll-count' });
      const who = h('small', { class: 'poll-who' });
      const element = h('div', { class: 'poll-choice' }, h('label', {}, radio, h('bdi', {}, text)), count, bar, who);
      return { radio, bar, count, who, element };
    });
    this.#close.addEventListener('click', () => attempt(room.talk.closePoll(id)));
    const submit = (/** @type {Event} */ e) => {
      e.preventDefault();
      attempt(room.talk.vote(id, this.#rows.findIndex((r) => r.radio.checked)));
    };
    this.element = h('form', { class: 'poll', role: 'listitem', onsubmit: submit },
      h('fieldset', {}, h('legend', {}, h('bdi', {}, poll.question)), ...this.#rows.map((r) => r.element)),
      this.#note, h('div', { class: 'row' }, this.#vote, this.#close));
    if (poll.choice !== undefined) {
      this.#rows[poll.choice].radio.checked = true;
    }
  }

  /** @param {Poll} p */
  update(p) {
    const { can, members } = this.#room;
    const votes = p.counts.reduce((a, b) => a + b, 0);
    const told = p.closed || p.choice !== undefined || can.moderate === true;
    const votable = !p.closed && can.chat === true;
    const focused = this.element.contains(document.activeElement);
    this.#rows.forEach((r, i) => {
      r.radio.disabled = !votable;
      const share = votes > 0 ? p.counts[i] / votes : 0;
      setText(r.count, told ? t('polls.count', { n: p.counts[i], share: Math.round(share * 100) }) : '');
      r.bar.hidden = !told;
      r.bar.style.setProperty('--share', String(share));
      set(r.element, 'data-own', p.choice === i ? 'true' : null);
      const names = (p.votes ?? []).filter((v) => v.choice === i).map((v) => members.find((m) => m.id === v.member)?.name);
      setText(r.who, told ? names.filter(Boolean).join(', ') : '');
    });
    setText(this.#note, [t('polls.votes', { n: votes }), p.secret && t('polls.secret'), p.closed && t('polls.closed')].filter(Boolean).join(' · '));
    this.#vote.hidden = !votable;
    this.#close.hidden = p.closed || !can.moderate;
    if (focused && adrift(this.element)) {
      /** @type {HTMLElement|null} */ (this.element.closest('dialog')?.querySelector('.dialog-head button'))?.focus();
    }
  }
}

/**
 * What moderators ask with.
 * @param {(question: string, choices: string[], secret: boolean) => Promise<boolean>} ask
 */
function newPoll(ask) {
  const question = h('input', { id: 'poll-question', maxlength: 300, required: true, autocomplete: 'off' });
  const choices = h('div', { class: 'poll-choices' });
  const secret = h('input', { type: 'checkbox', id: 'poll-secret' });
  const more = h('button', { type: 'button', class: 'button', onclick: () => add()?.focus() }, t('polls.add'));
  const add = () => {
    const n = choices.childElementCount + 1;
    const input = h('input', { 'aria-label': t('polls.choice', { n }), placeholder: t('polls.choice', { n }), maxlength: 100, autocomplete: 'off', required: n <= fewest });
    choices.append(input);
    more.hidden = n >= most;
    return input;
  };
  const clear = () => {
    question.value = '';
    choices.replaceChildren();
    for (let i = 0; i < fewest; i++) {
      add();
    }
  };
  clear();
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    const texts = [.../** @type {NodeListOf<HTMLInputElement>} */ (choices.querySelectorAll('input'))].map((i) => i.value.trim()).filter(Boolean);
    if (question.value.trim() && texts.length >= fewest && await ask(question.value.trim(), texts, secret.checked)) {
      clear();
    }
  };
  return h('form', { class: 'poll-new', onsubmit: submit, 'aria-label': t('polls.new') },
    h('div', { class: 'field' }, h('label', { for: 'poll-question' }, t('polls.question')), question),
    choices, h('div', { class: 'row' }, more),
    h('div', { class: 'check' }, secret, h('label', { for: 'poll-secret' }, t('polls.makeSecret'))),
    h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button primary' }, t('polls.open'))));
}
