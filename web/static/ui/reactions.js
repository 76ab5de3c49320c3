// @ts-check
import { h, setText } from './dom.js';
import { t } from './i18n.js';
/** @import {Context} from './call.js' */

/** The signs that are offered; `reaction.<name>` says what each is. */
const signs = /** @type {const} */ ([['👍', 'yes'], ['👏', 'applause'], ['❤️', 'heart'], ['😂', 'laugh'], ['😮', 'wow'], ['🎉', 'party']]);
/** Milliseconds that a sign is seen, and words about it are there to be read out. */
const stays = 3000;
/** Milliseconds between two of our own: the server takes three a second. */
const apart = 350;
/** Signs that a tile shows at once. */
const most = 6;

/** Reactions sends signs, and lets those of everybody rise over their tiles. */
export class Reactions {
  #ctx;
  #off;
  #said = h('p', { class: 'unseen', role: 'status' });
  #last = 0;
  /** Names of who reacted lately, by what they sent. @type {Map<string, Set<string>>} */
  #recent = new Map();
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #silence;

  /** @param {Context} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
    ctx.toolbar.add({
      id: 'react', icon: 'smile',
      items: () => signs.map(([sign, name]) => ({ label: t(`reaction.${name}`), sign, onclick: () => this.#react(sign) })),
    });
    ctx.toasts.element.append(this.#said);
    this.#off = ctx.room.talk.on('reaction', ({ sender, emoji }) => {
      this.#fly(sender, emoji);
      this.#say(ctx.room.members.find((m) => m.id === sender)?.name, emoji);
    });
  }

  update() {
    const { room, toolbar } = this.#ctx;
    toolbar.update({ react: { hidden: !room.can.chat } });
  }

  /** @param {string} emoji */
  async #react(emoji) {
    const { room, toasts } = this.#ctx;
    const now = Date.now();
    if (now - this.#last < apart) {
      return;
    }
    this.#last = now;
    try {
      await room.talk.react(emoji);
      this.#fly(room.self?.id ?? '', emoji);
    } catch (err) {
      toasts.show(/** @type {any} */ (err)?.code ?? 'internal');
    }
  }

  /** @param {string} member whose tile it rises over; the stage where it has none @param {string} emoji */
  #fly(member, emoji) {
    const { element } = this.#ctx.stage;
    const over = element.querySelector(`.tile[data-member="${CSS.escape(member)}"][data-source="camera"]`) ?? element;
    const there = over.querySelectorAll(':scope > .reaction');
    if (there.length >= most) {
      there[0].remove();
    }
    const sign = h('span', { class: 'reaction', 'aria-hidden': 'true' }, emoji);
    sign.style.setProperty('--at', String(Math.random()));
    over.append(sign);
    setTimeout(() => sign.remove(), stays);
  }

  /** Many who react are one sentence. @param {string|undefined} name @param {string} emoji */
  #say(name, emoji) {
    if (!name) {
      return;
    }
    const names = this.#recent.get(emoji) ?? new Set();
    this.#recent.set(emoji, names.add(name));
    this.#silence ??= setTimeout(() => this.#speak(), 500);
  }

  #speak() {
    setText(this.#said, [...this.#recent].map(([emoji, names]) => {
      const known = signs.find(([sign]) => sign === emoji);
      const what = known ? t(`reaction.${known[1]}`) : emoji;
      const [name] = names;
      return names.size === 1 ? t('reaction.said', { name, what }) : t('reaction.saidMore', { name, n: names.size - 1, what });
    }).join(' '));
    this.#recent.clear();
    this.#silence = setTimeout(() => {
      setText(this.#said, '');
      this.#silence = undefined;
      if (this.#recent.size > 0) {
        this.#speak();
      }
    }, stays);
  }

  close() {
    this.#off();
    clearTimeout(this.#silence);
  }
}
