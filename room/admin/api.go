package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/switchyard-rtc/switchyard/room"
)

const (
	prefix   = "/api/v1"
	mostBody = 64 << 10 // bytes of a request
)

// Config configures an API.
type Config struct {
	// Meter tells costs; its rooms are those that are shown. Required.
	Meter Meter
	// Events is what the event stream tells. Required; its hooks are to be among
	// those of the rooms.
	Events *Events
	// Access decides who may ask what. Required.
	Access *Access
	// Version of the program, for the document. If empty, "0".
	Version string
}

// api is the window on one server.
type api struct {
	huma.API
	cfg Config
	mux *http.ServeMux
}

// New returns the handler of everything below /api/v1/. Requests that it does not
// know are answered as problems, too.
func New(cfg Config) (http.Handler, error) {
	if cfg.Version == "" {
		cfg.Version = "0"
	}
	mux := http.NewServeMux()
	a := &api{API: humago.New(mux, humaConfig(cfg.Version)), cfg: cfg, mux: mux}
	a.UseMiddleware(plainStatus)
	a.addRooms()
	a.addMembers()
	a.addPublications()
	a.addModeration()
	a.addLobby()
	a.addInputs()
	a.addLoad()
	a.addEvents()
	document, err := json.Marshal(a.OpenAPI())
	if err != nil {
		return nil, err
	}
	mux.HandleFunc(prefix+"/", a.unknown)
	guarded := http.NewServeMux()
	guarded.Handle(prefix+"/", cfg.Access.Guard(mux))
	guarded.Handle("GET "+prefix+"/openapi.json", cfg.Access.GuardHost(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // an error means that the client went away
	})))
	return guarded, nil
}

func humaConfig(version string) huma.Config {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Switchyard", Version: version,
				Description: "Who is in which room, what each is sent and why, what it costs, and what happens.",
			},
			Components: &huma.Components{
				Schemas: schemas,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "Not needed by a server without keys."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers: []huma.Transformer{func(_ huma.Context, _ string, v any) (any, error) {
			if m, ok := v.(*huma.ErrorModel); ok {
				return invalid(m), nil
			}
			return v, nil
		}},
	}
}

// humaContext is embedded, since a field Context would hide the method.
type humaContext = huma.Context

// plainContext answers 400 to what huma calls unprocessable, but not to what an
// operation does.
type plainContext struct {
	humaContext
	carried *bool // out: what is wrong now is no fault of the request's form
}

type carriedKey struct{}

func (c plainContext) SetStatus(status int) {
	if status == http.StatusUnprocessableEntity && !*c.carried {
		status = http.StatusBadRequest
	}
	c.humaContext.SetStatus(status)
}

// Unwrap returns the context of the adapter.
func (c plainContext) Unwrap() huma.Context { return c.humaContext }

func plainStatus(c huma.Context, next func(huma.Context)) {
	c.SetHeader("Cache-Control", "no-store")
	carried := new(bool)
	next(plainContext{huma.WithValue(c, carriedKey{}, carried), carried})
}

// need is what an operation takes.
type need int

const (
	needSomething need = iota // can.admin or can.moderate; what is shown depends on it
	needRoom                  // can.admin, or can.moderate of the room in the path
	needAll                   // can.admin
)

func (n need) String() string {
	return [...]string{
		"can.admin; with can.moderate it tells of the token's room only", "can.admin, or can.moderate for the room", "can.admin",
	}[n]
}

// refuses returns nil if somebody may do what needs n in a room.
func (n need) refuses(r right, room string) *Problem {
	switch {
	case r.all, n == needSomething, n == needRoom && r.over(room):
		return nil
	}
	return refusal("forbidden", "the token lacks "+[...]string{"", "can.moderate for the room", "can.admin"}[n])
}

// operation is one of the API.
type operation struct {
	id, method, path string
	needs            need
	says             string // in a sentence
	status           int    // of success; 0 is 200
}

// add registers an operation.
func add[I, O any](a *api, op operation, h func(context.Context, *I) (*O, error)) {
	huma.Register(a, a.describe(op), func(ctx context.Context, in *I) (*O, error) {
		if carried, ok := ctx.Value(carriedKey{}).(*bool); ok {
			*carried = true
		}
		out, err := h(ctx, in)
		if err != nil {
			return nil, problemOf(err)
		}
		return out, nil
	})
}

func (a *api) describe(op operation) huma.Operation {
	problem := a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return huma.Operation{
		OperationID: op.id, Method: op.method, Path: prefix + op.path, Summary: op.says,
		Description: "Needs " + op.needs.String() + ".", DefaultStatus: op.status, MaxBodyBytes: mostBody,
		RejectUnknownQueryParameters: true,
		Security:                     []map[string][]string{{"token": {}}, {}},
		Responses: map[string]*huma.Response{
			"default": {
				Description: "Refused",
				Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
			},
		},
		Middlewares: huma.Middlewares{func(c huma.Context, next func(huma.Context)) {
			if p := op.needs.refuses(rightOf(c.Context()), c.Param("room")); p != nil {
				_, w := humago.Unwrap(c)
				p.Write(w)
				return
			}
			next(c)
		}},
	}
}

// unknown answers what is no operation.
func (a *api) unknown(w http.ResponseWriter, r *http.Request) {
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "" && pattern != prefix+"/" {
			w.Header().Add("Allow", method)
		}
	}
	if w.Header().Get("Allow") != "" {
		refusal("method_not_allowed", "that method is not allowed here").Write(w)
		return
	}
	refusal("not_found", "there is nothing at this address").Write(w)
}

// room returns a room that is open.
func (a *api) room(name string) (*room.Room, error) {
	if r, ok := a.cfg.Meter.Rooms.Room(name); ok {
		return r, nil
	}
	return nil, room.ErrNoRoom
}

// member returns a member of a room that is open.
func (a *api) member(in *memberPath) (*room.Member, error) {
	r, err := a.room(in.Room)
	if err != nil {
		return nil, err
	}
	if m, ok := r.Member(in.Member); ok {
		return m, nil
	}
	return nil, room.ErrNoMember
}

type roomPath struct {
	Room string `path:"room" maxLength:"64"`
}

type memberPath struct {
	Room   string `path:"room" maxLength:"64"`
	Member string `path:"member" maxLength:"64"`
}

// none is what an operation without an answer returns.
type none struct{}
