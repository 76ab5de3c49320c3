// @ts-check
// The payloads of the signalling protocol `switchyard/1`, as JSDoc types.
// Times are milliseconds since the epoch, ids are strings of at most 32
// characters of [A-Za-z0-9_-]. Fields that are not listed are ignored. At the
// end: what the library is given.
/** @import {SocketLike} from './signalling.js' */

/**
 * @typedef {'microphone'|'camera'|'screen'|'screen_audio'|'other'} Source
 */

/**
 * @typedef {object} Member a peer, or a silent observer, in a room
 * @property {string} id
 * @property {string} [identity]
 * @property {string} name shown to people, not unique
 * @property {'guest'|'moderator'|'viewer'} [role]
 * @property {'live'|'reconnecting'} [state]
 * @property {string} [kind]
 */

/**
 * @typedef {object} Publication a track as sent by a member
 * @property {string} id
 * @property {number} [n] contributing source (CSRC) of its packets
 * @property {string} member
 * @property {'audio'|'video'} kind
 * @property {Source} source
 * @property {boolean} [muted]
 * @property {string} [codec]
 * @property {string} [name]
 */

/**
 * @typedef {object} Slot a receive-only section: a place where something can be shown
 * @property {string} mid
 * @property {string|null} [publication]
 * @property {'live'|'paused'|'idle'} [state]
 * @property {'bandwidth'|'muted'|'limit'|'no_source'|'codec'} [why]
 */

/**
 * @typedef {object} Pub what an offer says about one of its send sections
 * @property {string} mid
 * @property {'audio'|'video'} kind
 * @property {Source} source
 * @property {boolean} [muted]
 */

/**
 * @typedef {object} Published answers a {@link Pub}
 * @property {string} mid
 * @property {string|Publication} publication
 */

/**
 * @template T
 * @typedef {object} Changes
 * @property {T[]} [add]
 * @property {Partial<T>[]} [set]
 * @property {(string|{id: string, why?: string})[]} [del]
 */

/**
 * @typedef {object} StateEvent
 * @property {number} rev one more than that of the event before
 * @property {Changes<Member>} [members]
 * @property {Changes<Publication>} [publications]
 */

/**
 * @typedef {object} ChatMessage
 * @property {string} id
 * @property {number} ts
 * @property {string} [sender] member id
 * @property {string} [name] of the sender when the message was sent
 * @property {string} text
 */

/**
 * @typedef {object} Snapshot what `join` and `sync` answer
 * @property {Member} self
 * @property {string} [session]
 * @property {string} [key]
 * @property {{name: string}} [room]
 * @property {Member[]} members
 * @property {Publication[]} publications
 * @property {number} rev
 * @property {string} [answer]
 * @property {Published[]} [published]
 * @property {Slot[]} [slots]
 * @property {RTCIceServer[]} [ice_servers]
 * @property {string[]} [caps]
 * @property {ChatMessage[]} [chat]
 */

/**
 * @typedef {object} OfferAck
 * @property {number} id
 * @property {string} answer
 * @property {Published[]} [published]
 * @property {Slot[]} [slots]
 */

/**
 * @typedef {object} SubscribeAck
 * @property {Slot[]} [slots]
 * @property {{id: string, code: string}[]} [refused]
 * @property {Need} [need]
 */

/**
 * @typedef {object} Need
 * @property {number} [audio] how many audio slots there should be
 * @property {number} [video] how many video slots there should be
 * @property {boolean} [restart] ICE has to be restarted
 */

/**
 * @typedef {object} LayersEvent what anybody wants of a publication of ours
 * @property {string} publication
 * @property {string} [codec] that it is about; that of the publication if absent
 * @property {string[]} active RIDs of the encodings that are wanted
 * @property {number} [max_bps] for all of them together, in bit/s
 */

/**
 * @typedef {object} Bye
 * @property {string} code
 * @property {string} [message]
 * @property {'no'|'now'|'later'} [reconnect]
 * @property {number} [after_ms]
 */

/**
 * @typedef {object} Line of the chat, as the room hands it out
 * @property {string} id
 * @property {number} ts
 * @property {string} name
 * @property {string} text
 * @property {boolean} own sent from here, and acknowledged by the server
 */

/**
 * @typedef {object} Seat proves to the server who we are, for as long as it
 *   keeps our place
 * @property {string} session
 * @property {string} key another one after each resume
 */

/**
 * @typedef {object} JoinOptions
 * @property {string} room
 * @property {string} name
 * @property {RTCIceServer[]} [iceServers]
 * @property {Seat} [resume] of the page before a reload: we stay who we were
 */

/** @typedef {'websocket'|'polling'} Transport carries the events */

/**
 * @typedef {object} SessionOptions
 * @property {string} [url] of the server, if it is not the page's origin
 * @property {Transport} [transport] to try first, because it worked before
 * @property {(url: string|undefined, options: object) => SocketLike} [connect] for tests
 * @property {typeof RTCPeerConnection} [PeerConnection] for tests
 */

/** @typedef {'idle'|'joining'|'joined'|'reconnecting'|'left'} SessionState */

export {};
