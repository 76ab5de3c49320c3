// @ts-check
/** @import {Member, Rights, Role, Source} from '../lib/protocol.js' */

/** @type {Source[]} */
const everything = ['microphone', 'camera', 'screen', 'screen_audio', 'other'];

/** What each role says. @type {Record<Role, Required<Rights>>} */
const ofRole = {
  viewer: { publish: [], subscribe: true, data: false, chat: true, moderate: false, record: false },
  guest: { publish: everything, subscribe: true, data: true, chat: true, moderate: false, record: false },
  moderator: { publish: everything, subscribe: true, data: true, chat: true, moderate: true, record: true },
};

/**
 * @param {Pick<Member, 'role'|'can'>|null} member
 * @returns {Required<Rights>} what it may do; nobody may do nothing
 */
export function rightsOf(member) {
  const nothing = { publish: [], subscribe: false, data: false, chat: false, moderate: false, record: false };
  return member ? (member.can ? { ...nothing, ...member.can } : ofRole[member.role]) : nothing;
}

/** @typedef {'microphone'|'camera'|'screen'|'chat'} Right that a moderator gives and takes one by one */

/**
 * @param {Rights} can
 * @param {Right} right
 */
export function has(can, right) {
  return right === 'chat' ? can.chat === true : can.publish?.includes(right) === true;
}

/**
 * @param {Required<Rights>} can
 * @param {Right} right
 * @param {boolean} on
 * @returns {Rights} with the right given or taken; that to share a screen is one
 *   with that to share its sound
 */
export function withRight(can, right, on) {
  if (right === 'chat') {
    return { ...can, chat: on };
  }
  /** @type {Source[]} */
  const sources = right === 'screen' ? ['screen', 'screen_audio'] : [right];
  const publish = everything.filter((s) => (sources.includes(s) ? on : can.publish.includes(s)));
  return { ...can, publish };
}
