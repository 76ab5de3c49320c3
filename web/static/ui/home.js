// @ts-check
import { listRooms } from '../lib/switchyard.js';
import { h, show } from './dom.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
import { tokenIn } from './invitation.js';
import { newRoomName, roomName } from './names.js';
import { whileSeen } from './seen.js';
import { recentRooms } from './storage.js';

/** @param {string} room */
export const roomLink = (room) => `/?room=${encodeURIComponent(room)}`;

/** Shows the page that leads into a room. */
export function showHome() {
  document.title = t('app.name');
  const error = h('p', { id: 'room-error', class: 'field-error', role: 'alert' });
  const input = h('input', {
    id: 'room', type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false',
    placeholder: t('home.placeholder'), oninput: () => mark(false),
  });
  const mark = (/** @type {boolean} */ bad) => {
    input.toggleAttribute('aria-invalid', false);
    if (bad) {
      input.setAttribute('aria-invalid', 'true');
      input.setAttribute('aria-describedby', 'room-error');
    } else {
      input.removeAttribute('aria-describedby');
    }
    error.textContent = bad ? t('home.invalid') : '';
  };
  const enter = (/** @type {Event} */ e) => {
    e.preventDefault();
    const room = roomName(input.value);
    mark(!room);
    if (room) {
      const token = tokenIn(input.value);
      location.assign(roomLink(room) + (token && `#token=${token}`));
    } else {
      input.focus();
    }
  };
  const recent = h('div', { class: 'known-rooms' });
  const open = h('div', { class: 'known-rooms' });
  show(
    h('main', { class: 'home' },
      h('div', { class: 'card home-card' },
        h('p', { class: 'brand' }, icon('mark'), t('app.name')),
        h('h1', {}, t('app.tagline')),
        h('p', { class: 'lead' }, t('app.about')),
        h('button', {
          type: 'button', class: 'button primary wide', onclick: () => location.assign(roomLink(newRoomName())),
        }, t('home.new')),
        h('p', { class: 'divider', 'aria-hidden': 'true' }, h('span', {}, t('home.or'))),
        h('form', { class: 'join-form', novalidate: true, onsubmit: enter },
          h('label', { for: 'room' }, t('home.room')),
          h('div', { class: 'row' }, input, h('button', { type: 'submit', class: 'button' }, t('home.join'))),
          error),
        recent, open)),
  );
  let shown = '';
  const draw = (/** @type {Map<string, number>} */ listed) => {
    const key = JSON.stringify([...listed]);
    if (key !== shown) {
      shown = key;
      drawRooms(recent, t('home.recent'), recentRooms(), listed);
      drawRooms(open, t('home.public'), [...listed.keys()].slice(0, most), listed);
    }
  };
  draw(new Map());
  whileSeen(async () => draw(await listed()));
}

/** Public rooms that are shown at most. */
const most = 20;

/** How many are in each room that the server lists; nothing where it does not. */
async function listed() {
  const rooms = await listRooms().catch(() => []);
  return new Map(rooms.filter((r) => roomName(r.name) === r.name).map((r) => [r.name, r.members]));
}

/**
 * @param {HTMLElement} place
 * @param {string} title
 * @param {string[]} rooms
 * @param {Map<string, number>} listed members by room, as far as they are known
 */
function drawRooms(place, title, rooms, listed) {
  const count = (/** @type {string} */ room) => {
    const n = listed.get(room);
    return n !== undefined && h('span', { class: 'chip-count' }, ` ${t('call.people', { n })}`);
  };
  const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute('href') : null;
  place.replaceChildren(...(rooms.length > 0 ? [h('nav', { class: 'recent', 'aria-label': title },
    h('h2', {}, title),
    h('ul', {}, ...rooms.map((room) => h('li', {}, h('a', { class: 'chip', href: roomLink(room) }, room, count(room))))))] : []));
  /** @type {HTMLElement|null} */ (focused && place.querySelector(`[href="${CSS.escape(focused)}"]`))?.focus();
}
