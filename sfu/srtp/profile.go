package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// Profile is a protection profile, by its number in DTLS-SRTP (RFC 5764
// section 4.1.2, RFC 7714 section 14.2).
type Profile uint16

// Supported profiles.
const (
	AES128CMHMACSHA180 Profile = 0x0001
	AEADAES128GCM      Profile = 0x0007
	AEADAES256GCM      Profile = 0x0008
)

// MaxOverhead is the most that sealing adds to a packet of any profile, in
// bytes: the tag of 16 and the SRTCP index of 4.
const MaxOverhead = 20

// Errors of [Opener]. They carry no detail because they are made on the packet
// path, where errors must not allocate.
var (
	// ErrShort is returned for packets that cannot hold header and tag.
	ErrShort = errors.New("srtp: packet too short")
	// ErrAuth is returned for packets whose tag is wrong.
	ErrAuth = errors.New("srtp: authentication failed")
	// ErrReplay is returned for packets that were opened before, or are older
	// than the replay window.
	ErrReplay = errors.New("srtp: replayed")
	// ErrTooManyStreams is returned for the first packet of a stream beyond the
	// limit of an Opener.
	ErrTooManyStreams = errors.New("srtp: too many streams")
)

// errNotRTCP is returned by SealRTCP for packets without a header.
var errNotRTCP = errors.New("srtp: not an RTCP packet")

// Keys are the master keys and salts of both directions, as DTLS-SRTP derives
// them.
type Keys struct {
	Profile               Profile
	LocalKey, LocalSalt   []byte // for what this side sends
	RemoteKey, RemoteSalt []byte // for what it receives
}

// KeyLen returns the length of a master key in bytes, or 0 for an unknown
// profile.
func (p Profile) KeyLen() int {
	switch p {
	case AES128CMHMACSHA180, AEADAES128GCM:
		return 16
	case AEADAES256GCM:
		return 32
	}
	return 0
}

// SaltLen returns the length of a master salt in bytes, or 0 for an unknown
// profile.
func (p Profile) SaltLen() int {
	switch p {
	case AES128CMHMACSHA180:
		return 14
	case AEADAES128GCM, AEADAES256GCM:
		return 12
	}
	return 0
}

// Overhead returns how much longer a sealed RTP packet is, in bytes.
func (p Profile) Overhead() int {
	switch p {
	case AES128CMHMACSHA180:
		return tagCM
	case AEADAES128GCM, AEADAES256GCM:
		return tagGCM
	}
	return 0
}

// String returns the name that RFC 5764 and RFC 7714 give the profile.
func (p Profile) String() string {
	switch p {
	case AES128CMHMACSHA180:
		return "SRTP_AES128_CM_HMAC_SHA1_80"
	case AEADAES128GCM:
		return "SRTP_AEAD_AES_128_GCM"
	case AEADAES256GCM:
		return "SRTP_AEAD_AES_256_GCM"
	}
	return fmt.Sprintf("Profile(%#04x)", uint16(p))
}

func (p Profile) check(key, salt []byte) error {
	if p.KeyLen() == 0 {
		return fmt.Errorf("srtp: unsupported profile %v", p)
	}
	if len(key) != p.KeyLen() || len(salt) != p.SaltLen() {
		return fmt.Errorf("srtp: %v takes a key of %d and a salt of %d bytes, got %d and %d",
			p, p.KeyLen(), p.SaltLen(), len(key), len(salt))
	}
	return nil
}

// Labels of the key derivation (RFC 3711 section 4.3.2).
const (
	labelRTPKey, labelRTPAuth, labelRTPSalt    = 0, 1, 2
	labelRTCPKey, labelRTCPAuth, labelRTCPSalt = 3, 4, 5
)

// derive makes a session key of n bytes (RFC 3711 section 4.3, with a key
// derivation rate of zero; RFC 7714 section 11: the salt is padded on the
// right to 14 bytes).
func derive(block cipher.Block, salt []byte, label byte, n int) []byte {
	var iv [aes.BlockSize]byte
	copy(iv[:14], salt)
	iv[7] ^= label
	out := make([]byte, n)
	cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
	return out
}

// suite is one direction of a profile. Each method works on whole packets: aad
// is what stays in the clear.
type suite interface {
	// sealRTP appends the sealed header + prefix + plain to dst.
	sealRTP(dst, header, prefix, plain []byte, ssrc uint32, index uint64) []byte
	openRTP(b []byte, header int, ssrc uint32, index uint64) (n int, ok bool)
	sealRTCP(dst, packet []byte, ssrc, index uint32) []byte
	openRTCP(b []byte, ssrc uint32) (n int, index uint32, ok bool)
	minRTP() int  // bytes behind the header
	minRTCP() int // bytes in all
}

// newSuite makes a suite for a master key.
func newSuite(p Profile, key, salt []byte) (suite, error) {
	if err := p.check(key, salt); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("srtp: %w", err)
	}
	if p == AES128CMHMACSHA180 {
		return newCM(block, salt)
	}
	return newGCM(block, salt, p.KeyLen())
}
