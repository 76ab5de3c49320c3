package srtp

import (
	"crypto/aes"
	"encoding/binary"

	"github.com/switchyard-rtc/switchyard/sfu/srtp/internal/vaes"
)

// Sealer protects what one side sends. It keeps no numbers: its caller must
// never use an (SSRC, index) twice with the same keys, since a repeated nonce
// gives the key of GCM's authentication away. One goroutine at a time.
type Sealer struct {
	// What RTP is sealed with lies here in one piece, and no pointer leads to it,
	// so that the core fetches it all at once.
	quick   bool // fast is of use
	salt    vaes.Nonce
	fast    vaes.AEAD
	suite   suite // of RTCP, and of RTP where fast is not
	profile Profile
}

// NewSealer returns a sealer for a master key and salt. It fails if their
// lengths do not fit the profile.
func NewSealer(p Profile, key, salt []byte) (*Sealer, error) {
	suite, err := newSuite(p, key, salt)
	if err != nil {
		return nil, err
	}
	s := &Sealer{suite: suite, profile: p}
	if p != AES128CMHMACSHA180 {
		master, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		s.salt = number(derive(master, salt, labelRTPSalt, p.SaltLen()))
		s.quick = s.fast.Set(derive(master, salt, labelRTPKey, p.KeyLen()))
	}
	return s, nil
}

// Blocks returns how many blocks of AES-GCM sealing RTP works on at once: 4 or 2
// on processors with VAES and VPCLMULQDQ, by registers of 512 or of 256 bits, and 1
// where the standard library does it.
func Blocks() int { return vaes.Blocks() }

// Profile returns the profile that it protects with.
func (s *Sealer) Profile() Profile { return s.profile }

// SealRTP appends a protected RTP packet to dst and returns the result: header
// in the clear, prefix and payload encrypted, tag. index is roc<<16 | sequence
// number (RFC 3711 section 3.3.1), and ssrc that of the header. Neither input
// may overlap dst's array. It allocates only if dst has no room for all of it
// and [Profile.Overhead], or with AES128CMHMACSHA180. The error is nil as long
// as header is an RTP header.
func (s *Sealer) SealRTP(dst, header, prefix, payload []byte, index uint64, ssrc uint32) ([]byte, error) {
	if len(header) < 12 {
		return dst, ErrShort
	}
	if s.quick && len(prefix) <= vaes.MaxPrefix {
		start := len(dst)
		dst = append(dst, header...)
		return s.fast.Seal(dst, iv(s.salt, ssrc, index), prefix, payload, dst[start:]), nil
	}
	return s.suite.sealRTP(dst, header, prefix, payload, ssrc, index), nil
}

// SealRTCP appends a protected compound RTCP packet to dst. index counts the
// packets that were sealed with these keys, 31 bits, whatever their SSRC.
func (s *Sealer) SealRTCP(dst, packet []byte, index uint32) ([]byte, error) {
	if len(packet) < rtcpHeader {
		return dst, errNotRTCP
	}
	return s.suite.sealRTCP(dst, packet, binary.BigEndian.Uint32(packet[4:]), index&^encrypted), nil
}
