package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// BaselineOptions configures [Baseline].
type BaselineOptions struct {
	// Listen is the HTTP address; media has a UDP port of its own choice on the
	// same host.
	Listen string
	// Interceptors turns pion's default interceptors on: NACK, reports,
	// transport-wide feedback.
	Interceptors bool
	// TransportCC numbers what is sent, where it is negotiated, so that subscribers
	// have something to send transport-wide feedback about.
	TransportCC bool
	// Faults are made on purpose; the zero value has none.
	Faults Faults
	// Ready is told the URL and the UDP port of the media.
	Ready func(url string, port int)
}

// Baseline runs the forwarder that others are compared with: pion's ordinary
// path, TrackRemote.ReadRTP to TrackLocalStaticRTP.WriteRTP, with WHIP at
// /whip/ROOM and WHEP at /whep/ROOM. Each WHEP client receives the first track of
// the room. It serves until ctx ends.
func Baseline(ctx context.Context, o BaselineOptions) error {
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	host := listener.Addr().(*net.TCPAddr).IP
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: host})
	if err != nil {
		listener.Close()
		return fmt.Errorf("bench: %w", err)
	}
	defer conn.Close()
	_ = conn.SetReadBuffer(networkBuffer) // as much as the system allows
	_ = conn.SetWriteBuffer(networkBuffer)
	b := &baseline{options: o, rooms: make(map[string]*baselineRoom)}
	log := logging.NewDefaultLoggerFactory()
	log.DefaultLogLevel = logging.LogLevelDisabled
	b.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: log.NewLogger("ice")})
	defer b.mux.Close()
	defer b.close()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /whip/{room}", b.whip)
	mux.HandleFunc("POST /whep/{room}", b.whep)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	o.Ready(fmt.Sprintf("http://%v", listener.Addr()), conn.LocalAddr().(*net.UDPAddr).Port)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

type baseline struct {
	options BaselineOptions
	mux     *ice.UDPMuxDefault

	// Guarded by mu.
	mu    sync.Mutex
	rooms map[string]*baselineRoom
	peers []*webrtc.PeerConnection
}

// baselineRoom is one publisher's first track.
type baselineRoom struct {
	ready chan struct{} // closed when out is set
	out   *webrtc.TrackLocalStaticRTP
	ask   func() // for a key frame
}

func (b *baseline) room(name string) *baselineRoom {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rooms[name]
	if r == nil {
		r = &baselineRoom{ready: make(chan struct{})}
		b.rooms[name] = r
	}
	return r
}

// peer makes a PeerConnection as pion's examples do.
func (b *baseline) peer() (*webrtc.PeerConnection, error) {
	var se webrtc.SettingEngine
	se.SetICEUDPMux(b.mux)
	se.SetIncludeLoopbackCandidate(true)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	log := logging.NewDefaultLoggerFactory()
	log.DefaultLogLevel = logging.LogLevelDisabled
	se.LoggerFactory = log
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if b.options.Interceptors {
		if err := webrtc.RegisterDefaultInterceptors(m, registry); err != nil {
			return nil, err
		}
	}
	if b.options.TransportCC {
		if err := numberWide(m, registry); err != nil {
			return nil, err
		}
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(registry))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.peers = append(b.peers, pc)
	b.mu.Unlock()
	return pc, nil
}

// numberWide has what is sent carry transport-wide numbers.
func numberWide(m *webrtc.MediaEngine, r *interceptor.Registry) error {
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		m.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, kind)
	}
	return webrtc.ConfigureTWCCHeaderExtensionSender(m, r)
}

func (b *baseline) close() {
	b.mu.Lock()
	peers := b.peers
	b.peers = nil
	b.mu.Unlock()
	for _, pc := range peers {
		pc.Close()
	}
}

func (b *baseline) whip(w http.ResponseWriter, r *http.Request) {
	room := b.room(r.PathValue("room"))
	pc, err := b.peer()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var once sync.Once
	pc.OnTrack(func(in *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		once.Do(func() { room.forward(pc, in, b.options.Faults) })
	})
	b.answer(w, r, pc)
}

func (b *baseline) whep(w http.ResponseWriter, r *http.Request) {
	room := b.room(r.PathValue("room"))
	select {
	case <-room.ready:
	case <-r.Context().Done():
		return
	}
	pc, err := b.peer()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sender, err := pc.AddTrack(room.out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	go func() { // RTCP has to be read for the interceptors to see it
		for {
			if _, _, err := sender.ReadRTCP(); err != nil {
				return
			}
		}
	}()
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			room.ask()
		}
	})
	b.answer(w, r, pc)
}

// answer completes the negotiation of one request.
func (b *baseline) answer(w http.ResponseWriter, r *http.Request, pc *webrtc.PeerConnection) {
	offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<18))
	if err == nil {
		err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(offer)})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	answer, err := pc.CreateAnswer(nil)
	if err == nil {
		err = pc.SetLocalDescription(answer)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	<-gathered
	w.Header().Set("Content-Type", "application/sdp")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, pc.LocalDescription().SDP) // an error means that the client went away
}
