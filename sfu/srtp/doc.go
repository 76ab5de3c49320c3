// Package srtp protects RTP and RTCP packets: SRTP (RFC 3711) with
// AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714) and with
// AES128_CM_HMAC_SHA1_80.
//
// It is made for a forwarder that seals one packet for many receivers: a
// [Sealer] takes header and payload apart and writes the sealed packet to
// another place in one pass, and its caller keeps the numbers. An [Opener]
// decrypts in place and keeps rollover counters and replay windows. With the
// GCM profiles neither allocates per packet.
//
// The package is public but unstable: its API may change in any release.
package srtp
