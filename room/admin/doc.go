// Package admin is the window on a running server: who is in which room, what
// each of them sends and is sent and why, what that costs, and what happens.
// It answers JSON over HTTP below /api/v1 and describes itself by an OpenAPI
// document.
//
// [New] returns the API, which an [Access] guards; [Events] gathers what happens
// in the rooms. Errors are problem details (RFC 9457) with the codes of room.
package admin
