// Package webhook tells other services what happens in the rooms: it POSTs a
// signed JSON object for each notice, at least once, and for each room in order.
//
// Headers and signatures are those of Standard Webhooks: webhook-id, which stays
// the same over all tries and restarts and so tells a repetition, and
// webhook-timestamp and webhook-signature, which are made anew for each try.
//
// What waits is kept in a file, so that a restart loses nothing.
package webhook
