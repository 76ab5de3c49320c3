package srtp

import "encoding/binary"

// Sealer protects what one side sends. It keeps no numbers: its caller must
// never use an (SSRC, index) twice with the same keys, since a repeated nonce
// gives the key of GCM's authentication away. One goroutine at a time.
type Sealer struct {
	suite   suite
	profile Profile
}

// NewSealer returns a sealer for a master key and salt. It fails if their
// lengths do not fit the profile.
func NewSealer(p Profile, key, salt []byte) (*Sealer, error) {
	s, err := newSuite(p, key, salt, true)
	if err != nil {
		return nil, err
	}
	return &Sealer{suite: s, profile: p}, nil
}

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
