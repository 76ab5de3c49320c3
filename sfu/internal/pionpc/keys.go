package pionpc

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"sync"

	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

const exporterLabel = "EXTRACTOR-dtls_srtp" // RFC 5764 section 4.2

// tap takes the SRTP keys out of pion's DTLS 1.2 handshake, where this side is
// the server: the ServerHello tells the server's random, the hash and the
// profile, the key log tells the client's random and the master secret, and the
// exporter of RFC 5705 makes the keys of both. The key log never leaves the
// process.
//
// The keys are known before the peer has proven who it is: pion writes the log
// when the key exchange came, also that of a client without a certificate. Take
// is called when the handshake is over.
type tap struct {
	// Guarded by mu.
	mu      sync.Mutex
	random  []byte // of the server
	hash    func() hash.Hash
	profile srtp.Profile
	keys    srtp.Keys
	ready   bool
}

// take returns the keys of the handshake that was completed. It is false if
// there are none.
func (t *tap) take() (srtp.Keys, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keys, t.ready
}

// sha384 lists the cipher suites whose PRF is not SHA-256 (RFC 5289).
var sha384 = map[uint16]bool{0xc02c: true, 0xc030: true, 0xc024: true, 0xc028: true}

// serverHello sees the message that the server sends, and leaves it as it is.
func (t *tap) serverHello(m handshake.MessageServerHello) handshake.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := m.Random.MarshalFixed()
	t.random = bytes.Clone(r[:])
	t.hash = sha256.New
	if m.CipherSuiteID != nil && sha384[*m.CipherSuiteID] {
		t.hash = sha512.New384
	}
	for _, e := range m.Extensions {
		if u, ok := e.(*extension.UseSRTP); ok && len(u.ProtectionProfiles) == 1 {
			t.profile = srtp.Profile(u.ProtectionProfiles[0])
		}
	}
	return &m
}

// Write takes a line of the key log (the NSS format): CLIENT_RANDOM, random,
// master secret. Lines with other labels, as DTLS 1.3 has them, give no keys; a
// peer without keys is refused.
func (t *tap) Write(line []byte) (int, error) {
	f := bytes.Fields(line)
	if len(f) != 3 || string(f[0]) != "CLIENT_RANDOM" {
		return len(line), nil
	}
	random, err := hex.AppendDecode(nil, f[1])
	if err != nil {
		return len(line), nil
	}
	secret, err := hex.AppendDecode(nil, f[2])
	if err != nil {
		return len(line), nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys, t.ready = t.export(random, secret)
	return len(line), nil
}

// export derives the keys of RFC 5764 section 4.2: client key, server key,
// client salt, server salt.
func (t *tap) export(clientRandom, secret []byte) (srtp.Keys, bool) {
	p := t.profile
	if t.random == nil || p.KeyLen() == 0 {
		return srtp.Keys{}, false
	}
	seed := append([]byte(exporterLabel), clientRandom...)
	seed = append(seed, t.random...)
	n, s := p.KeyLen(), p.SaltLen()
	b, err := prf.PHash(secret, seed, 2*(n+s), t.hash)
	if err != nil {
		return srtp.Keys{}, false
	}
	return srtp.Keys{
		Profile:   p,
		RemoteKey: b[:n], LocalKey: b[n : 2*n],
		RemoteSalt: b[2*n : 2*n+s], LocalSalt: b[2*n+s:],
	}, true
}
