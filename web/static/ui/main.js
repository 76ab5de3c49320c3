// @ts-check
import { tokenFor } from './invitation.js'; // before anything else
import { Room, RoomError, visit } from '../lib/switchyard.js';
import { Call } from './call.js';
import { h, show } from './dom.js';
import { showHome } from './home.js';
import { load, t } from './i18n.js';
import { showLeft } from './left.js';
import { Lobby } from './lobby.js';
import { LocalMedia } from './media.js';
import { roomName } from './names.js';
import { applyTheme } from './theme.js';
import { forgetSession, knownTransport, reloadedSession, rememberRoom, rememberSession, rememberTransport } from './storage.js';

/**
 * What scripts in the page may use.
 * @type {{room: Room|null}}
 */
const page = { room: null };
Object.assign(window, { switchyard: page });
/** Meetings so far: the first one after a reload goes on with that before it. */
let meetings = 0;
/** The lobby out of which one has gone into a room. @type {Lobby|undefined} */
let left;

applyTheme();
await load();
const query = new URLSearchParams(location.search);
let room = roomName(query.get('room') ?? '');
const known = document.querySelector('meta[name="switchyard-visitor"]')?.getAttribute('content') ?? '';
const name = query.get('name') ?? known;
const token = room ? tokenFor(room) : undefined;
const seat = room ? reloadedSession(room) : undefined;

if (!room) {
  showHome();
} else if ((query.has('join') || seat) && name) {
  await joinAtOnce(await devices());
} else {
  prepare(await devices(), name);
}

/**
 * The visitor's devices; with `?fake` a test pattern and a tone, for demonstrations.
 * @returns {Promise<LocalMedia>}
 */
async function devices() {
  return query.has('fake') ? new (await import('./fake.js')).FakeMedia() : new LocalMedia();
}

/**
 * Joins without the lobby where the browser asks for nothing; where it would,
 * nobody is taken by surprise.
 * @param {LocalMedia} media
 */
async function joinAtOnce(media) {
  if (await media.asks()) {
    prepare(media, name);
    return;
  }
  showWait('status.connecting');
  await media.start();
  await enter(media, name);
}

/** @param {string} key of what is waited for */
function showWait(key) {
  show(h('main', { class: 'home' }, h('p', { class: 'lead', role: 'status' }, t(key))));
}

/**
 * Shows the lobby.
 * @param {LocalMedia} media
 * @param {string} name
 */
function prepare(media, name) {
  const lobby = new Lobby({
    room, token, name, media,
    onJoin: (name) => enter(media, name, lobby),
  });
  media.start();
}

/**
 * Joins the room and stays until it is left.
 * @param {LocalMedia} media
 * @param {string} name
 * @param {Lobby} [lobby]
 */
async function enter(media, name, lobby) {
  if (lobby && lobby === left) {
    return; // there is more than one button for it
  }
  left = lobby;
  // Without the cookie the name is typed again next time; that is no reason
  // to stay out.
  const visitor = await visit(name).catch(() => ({ name, iceServers: [] }));
  media.name = visitor.name;
  const meeting = new Room({ transport: knownTransport() });
  page.room = meeting;
  const call = new Call(meeting, media);
  let entered = false;
  meeting.on('moved', (name) => {
    room = meeting.info?.breakout?.main ?? name; // a breakout room has no address of its own
    rememberSession(room, meeting.seat);
    const address = new URL(location.href);
    address.searchParams.set('room', room);
    history.replaceState(history.state, '', address);
  });
  meeting.on('state', (state) => state === 'joined' && rememberSession(room, meeting.seat));
  meeting.on('state', (state) => state === 'waiting' && (lobby ? lobby.waiting() : showWait('lobby.waiting')));
  meeting.on('transport', rememberTransport);
  meeting.on('left', (why) => {
    forgetSession();
    lobby?.close();
    call.close();
    media.stop();
    showLeft({
      room,
      elapsed: entered ? call.elapsed : null,
      code: why?.code ?? '',
      onRejoin: async () => prepare(await devices(), visitor.name),
    });
  });
  await call.controls.start();
  try {
    await meeting.join({
      room, name: visitor.name, token, iceServers: visitor.iceServers, resume: meetings++ === 0 ? seat : undefined,
    });
  } catch (err) {
    if (!(err instanceof RoomError)) {
      throw err;
    }
    return; // the listener above has shown why
  }
  entered = true;
  rememberRoom(room);
  lobby?.close();
  call.open();
}
