package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
)

// recording is the frames of a file, and the time from one to the next.
type recording struct {
	frames   [][]byte
	interval time.Duration
}

// readFrames reads an IVF file.
func readFrames(name string) (recording, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return recording{}, err
	}
	r, header, err := ivfreader.NewWith(bytes.NewReader(b))
	if err != nil {
		return recording{}, fmt.Errorf("%s: %w", name, err)
	}
	if header.FourCC != "VP80" || header.TimebaseDenominator == 0 {
		return recording{}, fmt.Errorf("%s: %q frames; VP8 is needed", name, header.FourCC)
	}
	list := recording{interval: time.Second * time.Duration(header.TimebaseNumerator) / time.Duration(header.TimebaseDenominator)}
	for {
		frame, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return recording{}, fmt.Errorf("%s: %w", name, err)
		}
		list.frames = append(list.frames, frame)
	}
	if len(list.frames) == 0 || list.interval <= 0 {
		return recording{}, fmt.Errorf("%s: no frames", name)
	}
	return list, nil
}

// member is one who sends.
type member struct {
	pc       *webrtc.PeerConnection
	track    *webrtc.TrackLocalStaticSample
	resource string        // URL of the session
	refresh  chan struct{} // a key frame is asked for
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// join brings a member into a room. It sends until it leaves.
func join(ctx context.Context, server, room, name string, r recording) (*member, error) {
	m := &member{refresh: make(chan struct{}, 1)}
	// A member outlives the context of its join: leaving is what ends it.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	m.stop = stop
	if err := m.connect(ctx, server, room, name); err != nil {
		m.leave()
		return nil, err
	}
	m.done.Go(func() { m.send(running, r) })
	return m, nil
}

func (m *member) connect(ctx context.Context, server, room, name string) error {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	var err error
	if m.pc, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{}); err != nil {
		return err
	}
	vp8 := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
	if m.track, err = webrtc.NewTrackLocalStaticSample(vp8, "video", "crowd"); err != nil {
		return err
	}
	sender, err := m.pc.AddTrack(m.track)
	if err != nil {
		return err
	}
	m.done.Go(func() { m.listen(sender) })
	offer, err := m.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := m.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	answer, err := m.post(ctx, fmt.Sprintf("%s/whip/%s?name=%s", server, room, url.QueryEscape(name)), offer.SDP)
	if err != nil {
		return err
	}
	return m.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

// post sends the offer and returns the answer.
func (m *member) post(ctx context.Context, address, sdp string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader([]byte(sdp)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/sdp")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("join: %s: %s", resp.Status, body)
	}
	at, err := resp.Location()
	if err != nil {
		return "", err
	}
	m.resource = at.String()
	return string(body), nil
}

// listen waits for requests of key frames: a PLI or a FIR (RFC 4585 section
// 6.3.1, RFC 5104 section 4.3.1).
func (m *member) listen(sender *webrtc.RTPSender) {
	b := make([]byte, 1500)
	for {
		n, _, err := sender.Read(b)
		if err != nil {
			return
		}
		for rest := b[:n]; len(rest) >= 4; {
			const payloadSpecific, pictureLoss, fullIntra = 206, 1, 4
			if format := rest[0] & 31; rest[1] == payloadSpecific && (format == pictureLoss || format == fullIntra) {
				select {
				case m.refresh <- struct{}{}:
				default: // one is on its way
				}
			}
			rest = rest[min(len(rest), 4+4*(int(rest[2])<<8|int(rest[3]))):]
		}
	}
}

// send loops over the frames, each at its time.
func (m *member) send(ctx context.Context, r recording) {
	tick := time.NewTicker(r.interval)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-m.refresh:
			i = -1 // the first one is a key frame
		case <-tick.C:
			_ = m.track.WriteSample(media.Sample{Data: r.frames[i%len(r.frames)], Duration: r.interval})
		}
	}
}

// leave ends the session and waits until nothing of it runs.
func (m *member) leave() {
	m.stop()
	if m.resource != "" {
		if req, err := http.NewRequest(http.MethodDelete, m.resource, nil); err == nil {
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
			}
		}
	}
	if m.pc != nil {
		_ = m.pc.Close()
	}
	m.done.Wait()
}
