// @ts-check
// The client library of Switchyard. It has no user interface and touches no
// DOM, so that other pages can be built on it.

export { Room } from './room.js';
export { RoomError, captureCode } from './errors.js';
export { hands } from './talk.js';
export { checkConnection } from './check.js';
export { listRooms, lookAt } from './listing.js';
export { visit } from './visitor.js';
