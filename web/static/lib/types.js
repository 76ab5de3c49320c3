// @ts-check
// What the library is given and hands out. What goes over the wire is in
// protocol.js.
/** @import {Attachment} from './protocol.js' */
/** @import {SocketLike} from './signalling.js' */

/**
 * @typedef {object} Line of the chat, as the room hands it out
 * @property {string} id
 * @property {number} ts
 * @property {string} name
 * @property {string} text
 * @property {boolean} own sent from here, and acknowledged by the server
 * @property {string} [sender] id of the member; missing where nobody knows it
 * @property {string} [to] the only member who has it, beside its sender
 * @property {Attachment & {url: string}} [attachment] a file; `text` is its name
 */

/**
 * @typedef {object} Seat proves to the server who we are, for as long as it
 *   keeps our place
 * @property {string} session
 * @property {string} key another one after each resume
 */

/**
 * @typedef {object} JoinOptions
 * @property {string} room 1 to 64 letters, digits, `-`, `_` and `.`
 * @property {string} name shown to the others; longer than 64 bytes it is cut
 * @property {string} [token] that opens the room
 * @property {RTCIceServer[]} [iceServers] of the connection, as `visit` answers them; none if missing
 * @property {Seat} [resume] of the page before a reload: we stay who we were
 */

/**
 * @typedef {boolean|{w: number, h: number}} Wish whether a publication is to be
 *   received; with its size where it is shown, in pixels of the screen
 */

/** @typedef {'websocket'|'polling'} Transport carries the events */

/**
 * @typedef {object} SessionOptions
 * @property {string} [url] of the server, if it is not the page's origin
 * @property {Transport} [transport] to try first, because it worked before
 * @property {(url: string|undefined, options: object) => SocketLike} [connect] makes the
 *   socket, if not by the client of socket.io that comes along
 * @property {typeof RTCPeerConnection} [PeerConnection] for tests
 */

/**
 * @typedef {object} CheckOptions
 * @property {string} [url] of the server, if it is not the page's origin
 * @property {RTCIceServer[]} [iceServers]
 * @property {AbortSignal} [signal] ends the check; what is not known then is `blocked` or `unknown`
 * @property {typeof fetch} [fetch] for tests
 * @property {(url: string|undefined, options: object) => SocketLike} [connect] for tests
 * @property {typeof RTCPeerConnection} [PeerConnection] for tests
 */

/**
 * @typedef {object} CheckResult what the network lets through
 * @property {Transport|'blocked'} events how they go; `polling` where WebSocket is blocked
 * @property {'udp'|'tcp'|'relay'|'blocked'|'unknown'} media how it goes; `unknown` where
 *   the server does not say, or checks too many connections now
 */

/** @typedef {'idle'|'joining'|'waiting'|'joined'|'reconnecting'|'left'} SessionState */

export {};
