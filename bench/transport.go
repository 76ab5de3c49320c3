package bench

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	dtlsnet "github.com/pion/dtls/v3/pkg/net"
	"github.com/pion/ice/v4"
	"github.com/pion/logging"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// transport is the client's half of an ICE, DTLS and SRTP association. Media
// does not go through it: it gives the keys and the address, and keeps the
// path's consent fresh.
type transport struct {
	endpoint *endpoint
	mux      *ice.UDPMuxDefault
	agent    *ice.Agent
	dtls     *dtls.Conn
	remote   netip.AddrPort
	keys     srtp.Keys
	rtcp     atomic.Uint32 // SRTCP index of the last packet sent
}

// newTransport makes the local half: its credentials stand in the offer.
func newTransport(e *endpoint) (*transport, error) {
	log := logging.NewDefaultLoggerFactory()
	log.DefaultLogLevel = logging.LogLevelDisabled
	t := &transport{endpoint: e}
	t.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: e, Logger: log.NewLogger("ice")})
	agent, err := ice.NewAgentWithOptions(
		ice.WithUDPMux(t.mux),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithIncludeLoopback(),
		ice.WithDisableActiveTCP(),
		// A lite server sends no checks of its own, so the nomination waits for
		// the next turn: 200 ms by default, longer than all the rest of a join.
		ice.WithCheckInterval(10*time.Millisecond),
		ice.WithLoggerFactory(log),
	)
	if err != nil {
		t.close()
		return nil, fmt.Errorf("bench: ICE agent: %w", err)
	}
	t.agent = agent
	gathered := make(chan struct{})
	err = agent.OnCandidate(func(c ice.Candidate) {
		if c == nil {
			close(gathered)
		}
	})
	if err == nil {
		err = agent.GatherCandidates()
	}
	if err != nil {
		t.close()
		return nil, fmt.Errorf("bench: gather: %w", err)
	}
	<-gathered
	return t, nil
}

// credentials returns the ICE user fragment and password of the offer.
func (t *transport) credentials() (ufrag, pwd string, err error) {
	return t.agent.GetLocalUserCredentials()
}

// connect establishes the path and the keys that an answer describes. The
// client is the DTLS client.
func (t *transport) connect(ctx context.Context, identity *tls.Certificate, profile srtp.Profile, a *answer) error {
	if len(a.candidates) == 0 {
		return errors.New("bench: the answer has no UDP candidate")
	}
	for _, text := range a.candidates {
		c, err := ice.UnmarshalCandidate(text)
		if err != nil {
			return fmt.Errorf("bench: candidate %q: %w", text, err)
		}
		if err := t.agent.AddRemoteCandidate(c); err != nil {
			return fmt.Errorf("bench: candidate %q: %w", text, err)
		}
	}
	conn, err := t.agent.Dial(ctx, a.ufrag, a.pwd)
	if err != nil {
		return fmt.Errorf("bench: ICE: %w", err)
	}
	if t.remote, err = t.selected(); err != nil {
		return err
	}
	t.dtls, err = dtls.ClientWithOptions(dtlsnet.PacketConnFromConn(conn), conn.RemoteAddr(),
		dtls.WithCertificates(*identity),
		dtls.WithInsecureSkipVerify(true), // the fingerprint is what counts (RFC 8122)
		dtls.WithSRTPProtectionProfiles(dtls.SRTPProtectionProfile(profile)),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
	)
	if err != nil {
		return fmt.Errorf("bench: DTLS: %w", err)
	}
	if err := t.dtls.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("bench: DTLS handshake: %w", err)
	}
	return t.export(profile, a.fingerprint)
}

// selected returns where the server is.
func (t *transport) selected() (netip.AddrPort, error) {
	pair, err := t.agent.GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return netip.AddrPort{}, fmt.Errorf("bench: no selected pair: %w", err)
	}
	addr, err := netip.ParseAddr(pair.Remote.Address())
	return netip.AddrPortFrom(addr, uint16(pair.Remote.Port())), err
}

// export derives the SRTP keys (RFC 5764, section 4.2) after checking whose
// association it is.
func (t *transport) export(profile srtp.Profile, fingerprint string) error {
	state, ok := t.dtls.ConnectionState()
	if !ok || len(state.PeerCertificates) == 0 {
		return errors.New("bench: DTLS has no certificate")
	}
	if got := fingerprintOf(state.PeerCertificates[0]); !strings.EqualFold(got, fingerprint) {
		return fmt.Errorf("bench: certificate %s, the answer says %s", got, fingerprint)
	}
	chosen, ok := t.dtls.SelectedSRTPProtectionProfile()
	if !ok || srtp.Profile(chosen) != profile {
		return fmt.Errorf("bench: the server does not take SRTP profile %#04x", uint16(profile))
	}
	k, s := profile.KeyLen(), profile.SaltLen()
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(k+s))
	if err != nil {
		return fmt.Errorf("bench: export keys: %w", err)
	}
	t.keys = srtp.Keys{
		Profile:  profile,
		LocalKey: b[:k], RemoteKey: b[k : 2*k],
		LocalSalt: b[2*k : 2*k+s], RemoteSalt: b[2*k+s:],
	}
	return nil
}

// fingerprintOf is the SHA-256 of a certificate as SDP writes it (RFC 8122).
func fingerprintOf(der []byte) string {
	sum := sha256.Sum256(der)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join(parts, ":")
}

func (t *transport) close() {
	if t.dtls != nil {
		t.dtls.Close()
	}
	if t.agent != nil {
		t.agent.Close()
	}
	t.mux.Close()
	t.endpoint.Close()
}
