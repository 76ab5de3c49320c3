package pionpc

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// exported is what pion's exporter gives for a profile, split into keys as
// RFC 5764 section 4.2 says: client key, server key, client salt, server salt.
func exported(t *testing.T, c *dtls.Conn, p srtp.Profile) srtp.Keys {
	t.Helper()
	state, ok := c.ConnectionState()
	if !ok {
		t.Fatal("the connection has no state")
	}
	n, s := p.KeyLen(), p.SaltLen()
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(n+s))
	if err != nil {
		t.Fatal(err)
	}
	return srtp.Keys{
		Profile: p, RemoteKey: b[:n], LocalKey: b[n : 2*n], RemoteSalt: b[2*n : 2*n+s], LocalSalt: b[2*n+s:],
	}
}

func sameKeys(a, b srtp.Keys) bool {
	return a.Profile == b.Profile && string(a.LocalKey) == string(b.LocalKey) && string(a.LocalSalt) == string(b.LocalSalt) &&
		string(a.RemoteKey) == string(b.RemoteKey) && string(a.RemoteSalt) == string(b.RemoteSalt)
}

// The keys of the tap are those of pion's own exporter, on both sides. When pion
// learns DTLS 1.3 and this fails, the tap has to read EXPORTER_SECRET.
func TestTapEqualsExporter(t *testing.T) {
	for _, tt := range []struct {
		name    string
		profile dtls.SRTPProtectionProfile
		suite   dtls.CipherSuiteID
		ems     dtls.ExtendedMasterSecretType
	}{
		{"GCM-128", dtls.SRTP_AEAD_AES_128_GCM, dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.RequireExtendedMasterSecret},
		{"GCM-256", dtls.SRTP_AEAD_AES_256_GCM, dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.RequireExtendedMasterSecret},
		{"CM", dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.RequireExtendedMasterSecret},
		{"SHA-384", dtls.SRTP_AEAD_AES_128_GCM, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, dtls.RequireExtendedMasterSecret},
		{"no extended master secret", dtls.SRTP_AEAD_AES_128_GCM, dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.DisableExtendedMasterSecret},
		{"no extended master secret, SHA-384", dtls.SRTP_AEAD_AES_256_GCM, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, dtls.DisableExtendedMasterSecret},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tap := &tap{}
			own := func() dtls.Option {
				c, _ := identity(t)
				return dtls.WithCertificates(c)
			}
			a, b := pipe()
			s, err := dtls.ServerWithOptions(a, b.LocalAddr(), own(), dtls.WithInsecureSkipVerify(true),
				dtls.WithCipherSuites(tt.suite), dtls.WithExtendedMasterSecret(tt.ems), dtls.WithSRTPProtectionProfiles(tt.profile),
				dtls.WithClientAuth(dtls.RequireAnyClientCert), dtls.WithKeyLogWriter(tap), dtls.WithServerHelloMessageHook(tap.serverHello))
			if err != nil {
				t.Fatal(err)
			}
			c, err := dtls.ClientWithOptions(b, a.LocalAddr(), own(), dtls.WithInsecureSkipVerify(true),
				dtls.WithCipherSuites(tt.suite), dtls.WithExtendedMasterSecret(tt.ems), dtls.WithSRTPProtectionProfiles(tt.profile))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- s.HandshakeContext(ctx) }()
			if err := errors.Join(c.HandshakeContext(ctx), <-done); err != nil {
				t.Fatal(err)
			}
			got, ok := tap.take()
			if !ok {
				t.Fatal("the tap has no keys")
			}
			for side, conn := range map[string]*dtls.Conn{"server": s, "client": c} {
				if want := exported(t, conn, srtp.Profile(tt.profile)); !sameKeys(got, want) {
					t.Errorf("tap and the %s's exporter differ", side)
				}
			}
			c.Close()
			s.Close()
			a.Close()
			b.Close()
		})
	}
}

// pipe joins two packet connections.
func pipe() (a, b *end) {
	x, y := make(chan []byte, 64), make(chan []byte, 64)
	return &end{port: 1, in: x, out: y, closed: make(chan struct{})}, &end{port: 2, in: y, out: x, closed: make(chan struct{})}
}

type end struct {
	port    int
	in, out chan []byte
	closed  chan struct{}
}

func (e *end) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-e.in:
		return copy(b, d), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3 - e.port}, nil
	case <-e.closed:
		return 0, nil, net.ErrClosed
	}
}

func (e *end) WriteTo(b []byte, _ net.Addr) (int, error) {
	select {
	case e.out <- append([]byte(nil), b...):
	default:
	}
	return len(b), nil
}

func (e *end) Close() error {
	select {
	case <-e.closed:
	default:
		close(e.closed)
	}
	return nil
}

func (e *end) LocalAddr() net.Addr              { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: e.port} }
func (e *end) SetDeadline(time.Time) error      { return nil }
func (e *end) SetReadDeadline(time.Time) error  { return nil }
func (e *end) SetWriteDeadline(time.Time) error { return nil }

// What is no line of a DTLS 1.2 key log gives no keys.
func TestTapReadsOnlyMasterSecrets(t *testing.T) {
	random, secret := strings.Repeat("ab", 32), strings.Repeat("cd", 48)
	for _, tt := range []struct {
		line string
		want bool
	}{
		{"CLIENT_RANDOM " + random + " " + secret, true},
		{"EXPORTER_SECRET " + random + " " + secret, false},
		{"CLIENT_TRAFFIC_SECRET_0 " + random + " " + secret, false},
		{"CLIENT_RANDOM " + random, false},
		{"CLIENT_RANDOM " + random + " xy", false},
		{"CLIENT_RANDOM xy " + secret, false},
		{"", false},
	} {
		tap := &tap{profile: srtp.AEADAES128GCM, random: make([]byte, 32), hash: sha256.New}
		if n, err := tap.Write([]byte(tt.line + "\n")); n != len(tt.line)+1 || err != nil {
			t.Errorf("%q: Write returned %d, %v", tt.line, n, err)
		}
		if _, ok := tap.take(); ok != tt.want {
			t.Errorf("%q: keys %v, want %v", tt.line, ok, tt.want)
		}
	}
}

// Keys are handed over when the handshake is over and the certificate is the
// one of the offer; a client that proves nothing gets none, and its peer fails.
func TestKeysNeedTheCertificate(t *testing.T) {
	mine, print := identity(t)
	other, _ := identity(t)
	for _, tt := range []struct {
		name         string
		certificates []tls.Certificate
		want         bool
	}{
		{"the certificate of the offer", []tls.Certificate{mine}, true},
		{"another certificate", []tls.Certificate{other}, false},
		{"no certificate", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(t)
			p := newPeer(t, w)
			a := p.answer(t, strings.ReplaceAll(offer(camera), fingerprint, print))
			w.nominate(t, a.SDP)
			c, err := w.handshake(t, dtls.SRTP_AEAD_AES_128_GCM, tt.certificates...)
			t.Cleanup(func() { c.Close() })
			if !tt.want {
				select {
				case err := <-p.refused:
					if err != errHandshake {
						t.Errorf("refused with %v, want %v", err, errHandshake)
					}
				case <-time.After(10 * time.Second):
					t.Error("not refused after 10 s")
				}
				if len(p.keys) != 0 {
					t.Error("keys were handed over")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			select {
			case got := <-p.keys:
				if want := exported(t, c, srtp.AEADAES128GCM); !sameKeys(got, want) {
					t.Error("the keys are not those of the client")
				}
			case <-time.After(10 * time.Second):
				t.Fatal("no keys after 10 s")
			}
		})
	}
}

// A handshake that gave the tap nothing, as DTLS 1.3 would, is refused.
func TestPeerWithoutKeysIsRefused(t *testing.T) {
	p := newPeer(t, newWire(t))
	p.onDTLS(webrtc.DTLSTransportStateConnecting)
	p.onDTLS(webrtc.DTLSTransportStateConnected)
	if len(p.keys) != 0 || len(p.refused) != 1 {
		t.Errorf("%v, want 0 keys, 1 refused", p)
	}
}
