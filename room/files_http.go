package room

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	// slowest is how many bytes a second a file has to come or go with.
	slowest = 16 << 10
	// mostUploads is how many files a member may send at once.
	mostUploads = 3
)

// Files returns the handler of files that members send each other: POST
// /files/ROOM by members who may chat, and GET /files/ROOM/ID by whoever knows the
// ID. They are kept in [Config.Files] as long as the room lasts. Members are told
// that they may send files only if it was called before they join.
func (s *Server) Files() http.Handler {
	s.serves.Store(true)
	mux := http.NewServeMux()
	answer := func(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			err := h(w, r)
			if err == nil {
				return
			}
			e := asError(err)
			if e == errInternal && r.Context().Err() == nil {
				s.log.Warn("request failed", "method", r.Method, "kind", "file", "err", err)
			}
			refuseHTTP(w, e)
		}
	}
	rows := Permissions.HTTP
	mux.HandleFunc(rows.Upload.name, answer(s.takeFile))
	mux.HandleFunc(rows.Download.name, answer(s.giveFile))
	mux.HandleFunc("/files/", answer(func(w http.ResponseWriter, r *http.Request) error {
		switch rest := strings.TrimPrefix(r.URL.Path, "/files/"); {
		case r.Method == http.MethodPost || r.Method == http.MethodGet || r.Method == http.MethodHead || rest == "":
			return errNowhere
		case strings.Contains(rest, "/"):
			w.Header().Set("Allow", "GET, HEAD")
		default:
			w.Header().Set("Allow", "POST")
		}
		return errMethod
	}))
	return mux
}

// upload is a file that a member is sending.
type upload struct {
	server  *Server
	room    *Room
	session string
	key     string
	to      string // ID of the only member who gets it; empty for everybody
	size    int64  // bytes, at most
}

// takeFile takes a file, and tells it as a message.
func (s *Server) takeFile(w http.ResponseWriter, r *http.Request) error {
	if err := s.uploads.take(remoteOf(r), time.Now()); err != nil {
		return err
	}
	u := upload{server: s, to: r.URL.Query().Get("to"), size: r.ContentLength}
	var ok bool
	if u.session, u.key, ok = strings.Cut(bearer(r), "."); !ok {
		return ErrUnauthorized.because("the session and the key of a member are needed")
	}
	if u.room, ok = s.Room(r.PathValue("room")); !ok {
		return ErrUnauthorized.because("there is no such session")
	}
	switch {
	case u.size > longestFile:
		return ErrTooLarge.because("a file has at most %d MiB", longestFile>>20)
	case u.size < 0: // it does not say
		u.size = longestFile
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWithin)) // of what is refused
	if err := u.begin(r.Context()); err != nil {
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, longestFile)) // so that the client reads the answer
		return err
	}
	defer u.end()
	e, err := u.carry(w, r)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Location", "/files/"+u.room.name+"/"+e.Attachment.ID)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(e) // an error means that the client went away
	return nil
}

// carry brings the file in.
func (u *upload) carry(w http.ResponseWriter, r *http.Request) (*messageEvent, error) {
	files := &u.server.files
	x, err := files.reserve(u.room, u.size)
	if err != nil {
		return nil, err
	}
	defer files.drop(x)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWithin + time.Duration(u.size/slowest)*time.Second))
	if err := files.write(x, http.MaxBytesReader(w, r.Body, longestFile)); err != nil {
		return nil, err
	}
	x.Name, x.Type = cleanFileName(r.URL.Query().Get("name")), mediaType(r.Header.Get("Content-Type"))
	if inline[x.sniffs] {
		x.Type = x.sniffs
	}
	return u.ask(r.Context(), func() (*messageEvent, error) { return u.tell(x) })
}

// ask has the room decide, and waits for that though the client is gone: what the
// room has noted has to be undone.
func (u *upload) ask(ctx context.Context, f func() (*messageEvent, error)) (*messageEvent, error) {
	return call(context.WithoutCancel(ctx), u.room, f)
}

// begin asks the room whether the file may come.
func (u *upload) begin(ctx context.Context) error {
	_, err := u.ask(ctx, func() (*messageEvent, error) {
		m, err := u.sender()
		switch {
		case err != nil:
			return nil, err
		case m.uploads >= mostUploads:
			return nil, limited(time.Second)
		}
		if wait := m.messages.ready(time.Now()); wait > 0 {
			return nil, limited(wait)
		}
		m.uploads++
		return nil, nil
	})
	return err
}

// end notes that the member sends one file less.
func (u *upload) end() {
	u.room.post(func() {
		if m := u.room.bySession(u.session); m != nil && m.uploads > 0 {
			m.uploads--
		}
	})
}

// sender returns who sends the file, if it may.
func (u *upload) sender() (*Member, error) {
	m := u.room.bySession(u.session)
	if m == nil || m.parked {
		return nil, ErrUnauthorized.because("there is no such session")
	}
	switch valid, _ := m.keys.check(u.key); {
	case !valid:
		return nil, ErrUnauthorized.because("there is no such session")
	case !Permissions.HTTP.Upload.Allows(m.grant):
		return nil, ErrDenied
	case u.to != "" && u.room.find(u.to) == nil:
		return nil, ErrNoMember
	}
	return m, nil
}

// tell makes the file known, and tells it.
func (u *upload) tell(x *file) (*messageEvent, error) {
	m, err := u.sender()
	switch {
	case u.room.ending:
		return nil, ErrClosed
	case err != nil:
		return nil, err
	}
	u.server.files.add(x)
	a := x.attachment
	e, err := u.room.speak(m, messageEvent{Text: a.Name, To: u.to, Attachment: &a})
	if err != nil {
		u.server.files.unknow(x)
		return nil, err
	}
	return &e, nil
}

// giveFile serves a file. Whatever it is, it runs nowhere: only pictures are shown
// in place, all else is saved.
func (s *Server) giveFile(w http.ResponseWriter, r *http.Request) error {
	if err := s.fetches.take(remoteOf(r), time.Now()); err != nil {
		return err
	}
	x := s.files.find(r.PathValue("room"), r.PathValue("id"))
	if x == nil {
		return errNowhere
	}
	in, err := os.Open(x.path)
	if err != nil {
		if os.IsNotExist(err) {
			return errNowhere // its room ended a moment ago
		}
		return err
	}
	defer in.Close()
	conn := http.NewResponseController(w)
	_ = conn.SetWriteDeadline(time.Now().Add(bodyWithin + time.Duration(x.Size/slowest)*time.Second))
	defer func() { _ = conn.SetWriteDeadline(time.Time{}) }() // other answers follow on the connection
	h := w.Header()
	disposition, kind := "attachment", anyType
	if inline[x.sniffs] {
		disposition, kind = "inline", x.sniffs
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": x.Name}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", `"`+x.ID+`"`)
	http.ServeContent(w, r, "", time.Time{}, in)
	return nil
}
