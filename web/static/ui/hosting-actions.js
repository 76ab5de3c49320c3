// @ts-check
import { t } from './i18n.js';
import { has, rightsOf, withRight } from './rights.js';
/** @import {Room} from '../lib/room.js' */
/** @import {Member} from '../lib/protocol.js' */
/** @import {MenuItem} from './menu.js' */
/** @import {Right} from './rights.js' */

/** @type {Right[]} */
const rights = ['microphone', 'camera', 'screen', 'chat'];

/**
 * What a moderator may do about a member. What makes no sense now is left out.
 *
 * @param {Room} room
 * @param {Member} member
 * @param {object} o
 * @param {(done: Promise<unknown>) => void} o.attempt tells when something is refused
 * @param {() => void} o.remove
 * @param {() => void} o.ban
 * @returns {(MenuItem|'separator')[]}
 */
export function memberActions(room, member, { attempt, remove, ban }) {
  const own = member.id === room.self?.id;
  const { hosting } = room;
  /** @type {(MenuItem|'separator')[]} */
  const list = own ? [] : [...deviceActions(room, member, attempt)];
  if (member.hand && !own) {
    list.push({ label: t('people.lowerHand'), icon: 'hand', onclick: () => attempt(room.talk.lowerHand(member.id)) });
  }
  const stage = onStage(room, member.id);
  if (stage) {
    const lit = room.info?.spotlight === stage;
    list.push({
      label: t(lit ? 'people.unspotlight' : 'people.spotlight'), icon: 'spotlight',
      onclick: () => attempt(hosting.spotlight(lit ? null : stage)),
    });
  }
  if (own) {
    return list;
  }
  const leads = rightsOf(member).moderate;
  if (member.kind === 'web') {
    list.push('separator', {
      label: t(leads ? 'people.demote' : 'people.promote'), icon: 'shield',
      onclick: () => attempt(leads ? hosting.demote(member.id) : hosting.promote(member.id)),
    });
  }
  if (!leads && member.kind !== 'whep') {
    list.push('separator', ...rightActions(room, member, attempt));
  }
  list.push('separator',
    { label: t('people.remove'), icon: 'leave', danger: true, onclick: remove },
    { label: t('people.ban'), icon: 'ban', danger: true, onclick: ban });
  return list[0] === 'separator' ? list.slice(1) : list;
}

/**
 * @param {Room} room
 * @param {string} member
 * @returns {string|undefined} the publication that shows it best
 */
function onStage(room, member) {
  if (member === room.self?.id) {
    const of = (/** @type {string} */ source) => room.locals.find((l) => l.source === source)?.id;
    return of('camera') ?? of('screen') ?? of('microphone');
  }
  const of = (/** @type {string} */ source) => room.publications.find((p) => p.member === member && p.source === source)?.id;
  return of('camera') ?? of('screen') ?? of('microphone');
}

/**
 * @param {Room} room
 * @param {Member} member
 * @param {(done: Promise<unknown>) => void} attempt
 * @returns {MenuItem[]}
 */
function deviceActions(room, member, attempt) {
  const { hosting } = room;
  const of = (/** @type {string} */ source) => room.publications.find((p) => p.member === member.id && p.source === source);
  const [mic, cam] = [of('microphone'), of('camera')];
  /** @type {MenuItem[]} */
  const list = [];
  if (mic) {
    list.push(mic.muted
      ? { label: t('people.askUnmute'), icon: 'mic', onclick: () => attempt(hosting.askUnmute(mic.id)) }
      : { label: t('people.mute'), icon: 'micOff', onclick: () => attempt(hosting.mute(mic.id)) });
  }
  if (cam) {
    list.push(cam.muted
      ? { label: t('people.askCamera'), icon: 'cam', onclick: () => attempt(hosting.askUnmute(cam.id)) }
      : { label: t('people.stopCamera'), icon: 'camOff', onclick: () => attempt(hosting.mute(cam.id)) });
  }
  return list;
}

/**
 * @param {Room} room
 * @param {Member} member
 * @param {(done: Promise<unknown>) => void} attempt
 * @returns {MenuItem[]}
 */
function rightActions(room, member, attempt) {
  const can = rightsOf(member);
  return rights.filter((r) => r !== 'chat' || member.kind === 'web').map((right) => {
    const checked = has(can, right);
    return {
      label: t(`people.may.${right}`), checked,
      onclick: () => attempt(room.hosting.grant(member.id, withRight(can, right, !checked))),
    };
  });
}

/**
 * What a moderator may do about the meeting.
 *
 * @param {Room} room
 * @param {object} o
 * @param {(done: Promise<unknown>) => void} o.attempt tells when something is refused
 * @param {() => void} o.mute
 * @param {() => void} o.divide
 * @param {() => void} o.end
 * @returns {(MenuItem|'separator')[]}
 */
export function meetingActions(room, { attempt, mute, divide, end }) {
  const { hosting, info } = room;
  const [locked, lobby] = [info?.locked === true, info?.lobby === true];
  return [
    { label: t('hosting.lock'), checked: locked, onclick: () => attempt(hosting.lock(!locked)) },
    { label: t('hosting.lobby'), checked: lobby, onclick: () => attempt(hosting.lobby(!lobby)) },
    'separator',
    { label: t('hosting.muteAll'), icon: 'micOff', onclick: mute },
    { label: t('hosting.lowerHands'), icon: 'hand', disabled: !room.members.some((m) => m.hand), onclick: () => attempt(room.talk.lowerHand()) },
    { label: t('hosting.breakout'), icon: 'mark', onclick: divide },
    'separator',
    { label: t('hosting.end'), icon: 'leave', danger: true, onclick: end },
  ];
}
