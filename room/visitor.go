package room

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	visitorCookie = "switchyard_visitor"
	visitorLife   = 365 * 24 * time.Hour
	visitorBody   = 4 << 10
)

// placeholder is where the page wants the visitor's name.
const placeholder = `<meta name="switchyard-visitor" content="`

// Visitors remembers visitors of the page by a signed cookie, since HTTP is
// stateless: a random id and the name that was last confirmed. A cookie that is
// forged, or signed with another key, belongs to a new visitor.
type Visitors struct {
	key    []byte
	limits joinLimits
}

// Visitor is who a cookie says it is.
type Visitor struct {
	ID   string `json:"id"`   // 128 random bits
	Name string `json:"name"` // may be empty
}

// NewVisitors returns visitors whose cookies are signed with key, of at least
// 32 bytes. If key is empty, a random one is made: names are forgotten with the
// process.
func NewVisitors(key []byte) *Visitors {
	if len(key) == 0 {
		key = make([]byte, 32)
		rand.Read(key)
	}
	return &Visitors{key: key}
}

// Read returns the visitor of a request; a new one if there is no valid cookie.
func (v *Visitors) Read(r *http.Request) Visitor {
	if who, ok := v.known(r); ok {
		return who
	}
	return Visitor{ID: newSecret()}
}

// known returns the visitor of a request with a valid cookie.
func (v *Visitors) known(r *http.Request) (Visitor, bool) {
	for _, c := range r.CookiesNamed(visitorCookie) {
		if who, ok := v.open(c.Value); ok {
			return who, true
		}
	}
	return Visitor{}, false
}

// open checks a cookie: "1.", the payload and its HMAC-SHA256, in base64.
func (v *Visitors) open(value string) (Visitor, bool) {
	var who Visitor
	f := strings.Split(value, ".")
	if len(f) != 3 || f[0] != "1" {
		return who, false
	}
	strict := base64.RawURLEncoding.Strict()
	sum, err := strict.DecodeString(f[2])
	if err != nil || !hmac.Equal(sum, v.sum(f[1])) {
		return who, false
	}
	payload, err := strict.DecodeString(f[1])
	if err != nil || json.Unmarshal(payload, &who) != nil || who.ID == "" {
		return Visitor{}, false
	}
	return who, true
}

func (v *Visitors) sum(payload string) []byte {
	h := hmac.New(sha256.New, v.key)
	h.Write([]byte("switchyard visitor 1 " + payload))
	return h.Sum(nil)
}

func (v *Visitors) set(w http.ResponseWriter, r *http.Request, who Visitor) {
	b, err := json.Marshal(who)
	if err != nil {
		return // two strings always can be written
	}
	payload := base64.RawURLEncoding.EncodeToString(b)
	http.SetCookie(w, &http.Cookie{
		Name: visitorCookie, Path: "/", MaxAge: int(visitorLife.Seconds()),
		Value:    "1." + payload + "." + base64.RawURLEncoding.EncodeToString(v.sum(payload)),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
}

// Page returns a handler around the page's: GET / sets the cookie and fills the
// visitor's name in, POST /visitor {"name"} changes the name and answers
// {"name", "ice_servers", "expires"}. Everything else is the page's.
func (v *Visitors) Page(next http.Handler) http.Handler {
	rows := Permissions.HTTP
	mux := http.NewServeMux()
	mux.HandleFunc(rows.Visitor.name, v.rename)
	mux.HandleFunc(rows.Page.name, func(w http.ResponseWriter, r *http.Request) { v.page(w, r, next) })
	mux.Handle(rows.Files.path(), next)
	return mux
}

// page fills the name in. The page of one visitor is stored by nobody else.
func (v *Visitors) page(w http.ResponseWriter, r *http.Request, next http.Handler) {
	who := v.Read(r)
	v.set(w, r, who)
	body := &recorder{ResponseWriter: w}
	next.ServeHTTP(body, whole(r))
	w.Header().Set("Cache-Control", "no-store")
	for _, ofTheOriginal := range []string{"ETag", "Last-Modified", "Content-Length", "Accept-Ranges"} {
		w.Header().Del(ofTheOriginal)
	}
	if body.status != 0 {
		w.WriteHeader(body.status)
	}
	filled := bytes.Replace(body.b.Bytes(), []byte(placeholder+`"`), []byte(placeholder+html.EscapeString(who.Name)+`"`), 1)
	_, _ = w.Write(filled) // an error means that the browser went away
}

// whole returns a request for the whole page, whatever part or version of it r
// asks for: what the client may have is another visitor's.
func whole(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	for _, name := range []string{"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		r.Header.Del(name)
	}
	return r
}

// recorder keeps the body of a response.
type recorder struct {
	http.ResponseWriter
	status int
	b      bytes.Buffer
}

func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.b.Write(b) }

// rename sets the visitor's name.
func (v *Visitors) rename(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		refuseHTTP(w, ErrDenied.because("a page of another site may not ask for this"))
		return
	}
	if err := v.limits.ask(remoteOf(r), time.Now()); err != nil {
		refuseHTTP(w, asError(err))
		return
	}
	var arg struct {
		Name string `json:"name"`
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWithin))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, visitorBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		refuseHTTP(w, ErrTooLarge.because("a body has at most %d bytes", visitorBody))
		return
	}
	if err != nil || json.Unmarshal(body, &arg) != nil {
		refuseHTTP(w, ErrBadRequest.because("the body is not a JSON object with a name"))
		return
	}
	who := v.Read(r)
	who.Name = cleanName(arg.Name)
	v.set(w, r, who)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"name": who.Name, "ice_servers": []struct{}{}, "expires": time.Now().Add(visitorLife).UnixMilli(),
	})
}

// sameOrigin refuses what another site's page sends; requests without Origin
// come from programs.
func sameOrigin(r *http.Request) bool {
	if s := r.Header.Get("Sec-Fetch-Site"); s != "" && s != "same-origin" && s != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
