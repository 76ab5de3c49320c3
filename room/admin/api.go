package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

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
	cfg.Access.Handle(guarded, table.Document, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // an error means that the client went away
	}))
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

// table has the rows of the operations: who may do what, and where.
var table = room.Permissions.Admin

// needs tells what a row takes, for the document.
func needs(row room.Permission) string {
	switch {
	case row.Needs() == room.NeedAdmin:
		return "can.admin"
	case inRoom(row):
		return "can.admin, or can.moderate for the room"
	}
	return "can.admin; with can.moderate it tells of the token's room only"
}

// inRoom tells whether a row is about the room in its path.
func inRoom(row room.Permission) bool { return strings.Contains(row.Name(), "{room}") }

// refuses returns nil if somebody may do in a room what a row is about.
func (r right) refuses(row room.Permission, in string) *Problem {
	switch {
	case r.all, row.Needs() == room.NeedModerate && (!inRoom(row) || r.over(in)):
		return nil
	case row.Needs() == room.NeedModerate:
		return refusal("forbidden", "the token lacks can.moderate for the room")
	}
	return refusal("forbidden", "the token lacks can.admin")
}

// operation is one of the API.
type operation struct {
	id     string
	row    room.Permission
	status int // of success; 0 is 200
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
	method, path, _ := strings.Cut(op.row.Name(), " ")
	return huma.Operation{
		OperationID: op.id, Method: method, Path: path, Summary: strings.TrimSuffix(op.row.Says(), "."),
		Description: "Needs " + needs(op.row) + ".", DefaultStatus: op.status, MaxBodyBytes: mostBody,
		RejectUnknownQueryParameters: true,
		Security:                     []map[string][]string{{"token": {}}, {}},
		Responses: map[string]*huma.Response{
			"default": {
				Description: "Refused",
				Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
			},
		},
		Middlewares: huma.Middlewares{func(c huma.Context, next func(huma.Context)) {
			if p := rightOf(c.Context()).refuses(op.row, c.Param("room")); p != nil {
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
		Refuse(w, "method_not_allowed", "that method is not allowed here")
		return
	}
	Refuse(w, "not_found", "there is nothing at this address")
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
