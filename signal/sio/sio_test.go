package sio

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Packet
	}{
		{"connect", `0`, Packet{Type: Connect, Namespace: "/"}},
		{"connect with auth", `0{"token":"x"}`, Packet{Type: Connect, Namespace: "/", Data: []byte(`{"token":"x"}`)}},
		{"connect to a namespace", `0/admin,{"a":1}`, Packet{Type: Connect, Namespace: "/admin", Data: []byte(`{"a":1}`)}},
		{"namespace without comma", `0/admin`, Packet{Type: Connect, Namespace: "/admin"}},
		{"disconnect", `1/admin,`, Packet{Type: Disconnect, Namespace: "/admin"}},
		{"event", `2["hi",1]`, Packet{Type: Event, Namespace: "/", Data: []byte(`["hi",1]`)}},
		{"event wants ack", `212["hi"]`, Packet{Type: Event, Namespace: "/", HasID: true, ID: 12, Data: []byte(`["hi"]`)}},
		{"event in namespace wants ack", `2/admin,0["hi"]`, Packet{Type: Event, Namespace: "/admin", HasID: true, Data: []byte(`["hi"]`)}},
		{"ack", `3/admin,13[]`, Packet{Type: Ack, Namespace: "/admin", HasID: true, ID: 13, Data: []byte(`[]`)}},
		{"connect error", `4{"message":"no"}`, Packet{Type: ConnectError, Namespace: "/", Data: []byte(`{"message":"no"}`)}},
		{"binary event", `51-["b",{"_placeholder":true,"num":0}]`, Packet{Type: BinaryEvent, Namespace: "/", Attachments: 1, Data: []byte(`["b",{"_placeholder":true,"num":0}]`)}},
		{"binary ack", `62-/a,7[1]`, Packet{Type: BinaryAck, Namespace: "/a", HasID: true, ID: 7, Attachments: 2, Data: []byte(`[1]`)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decode([]byte(tt.in))
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Decode(%q) = %+v, %v; want %+v", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, in := range []string{
		"", "7", "x", "2", `2{}`, `2"x"`, `2["x"`, `2[,]`, `0[1]`, `01`, `0"x"`, `1{}`, `1 x`, `3[]`, `4`, `4[1]`,
		`5["x"]`, `5-["x"]`, `51["x"]`, `5`, `51`, `51-`, `50-["x"]`, `60-1[]`, `500-["x"]`, `51.5-["x"]`, `5a-["x"]`, `5Infinity-["x"]`, `5+1-["x"]`, `5 1-["x"]`,
		`0/admin,"x"`, `0/admin,[]`, `0/admin,null`, `1/admin,{}`, `2/admin,"x"`, `2/admin,{}`, `2/admin,`, `3/admin,1`, `3/admin,1"x"`, `3/admin,[]`, `4/admin,`, `4/admin,1{}`,
		`2["x"]y`, `2["x"]["y"]`, `2 1["x"]`, `2-1["x"]`, `2/a,-1["x"]`, `00`, `0{}{}`, "2[\"x\"]\x00", `511-["x"]`, `599999999999-["x"]`, `5-1-["x"]`,
		`29999999999999999["x"]`, `299999999999999999999999["x"]`, `3x[]`, "2/" + string(bytes.Repeat([]byte("n"), 400)) + `,["x"]`,
	} {
		if p, err := Decode([]byte(in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("Decode(%.60q) = %+v, %v; want ErrMalformed", in, p, err)
		}
	}
}

// A name that is no string, or that clients make themselves, was a way to crash
// other servers.
func TestCVE_2023_32695_EventNames(t *testing.T) {
	for _, data := range []string{
		`[]`, `[null]`, `[1]`, `[{"toString":"x"}]`, `[["a"]]`, `["connect"]`, `["disconnect"]`, `["disconnecting"]`, `["connect_error"]`, `["newListener"]`,
	} {
		if event, _, err := Split([]byte(data)); !errors.Is(err, ErrMalformed) {
			t.Errorf("Split(%s) = %q, %v; want ErrMalformed", data, event, err)
		}
	}
	event, args, err := Split([]byte(`["hi",{"a":1},null]`))
	if err != nil || event != "hi" || len(args) != 2 || string(args[1]) != "null" {
		t.Errorf("Split = %q, %q, %v", event, args, err)
	}
}

// A placeholder whose number is no index must not reach anything else.
func TestCVE_2022_2421_PlaceholderNumbers(t *testing.T) {
	for _, num := range []string{`"0"`, `-1`, `1`, `0.5`, `1e0`, `null`, `{}`, `"splice"`, `99999999999999999999`} {
		raw := json.RawMessage(`{"a":[{"_placeholder":true,"num":` + num + `}]}`)
		if v, err := Restore(raw, [][]byte{{1}}); !errors.Is(err, ErrMalformed) {
			t.Errorf("num %s: got %v, %v; want ErrMalformed", num, v, err)
		}
	}
	if _, err := Restore(json.RawMessage(`{"_placeholder":true}`), [][]byte{{1}}); !errors.Is(err, ErrMalformed) {
		t.Errorf("without num: %v", err)
	}
}

func TestAttachmentsComeBackInPlace(t *testing.T) {
	in := []any{"upload", []byte("one"), map[string]any{"list": []any{[]byte("two"), 3}}}
	data, attached, err := Marshal(in...)
	if err != nil || len(attached) != 2 {
		t.Fatalf("Marshal = %s, %q, %v", data, attached, err)
	}
	_, args, err := Split(data)
	if err != nil {
		t.Fatal(err)
	}
	first, err := Restore(args[0], attached)
	if b, ok := first.([]byte); err != nil || !ok || string(b) != "one" {
		t.Errorf("first = %v, %v", first, err)
	}
	second, err := Restore(args[1], attached)
	want := map[string]any{"list": []any{[]byte("two"), json.Number("3")}}
	if err != nil || !reflect.DeepEqual(second, want) {
		t.Errorf("second = %v, %v; want %v", second, err, want)
	}
	inline, err := Inline(args[1], attached)
	if err != nil || string(inline) != `{"list":["dHdv",3]}` {
		t.Errorf("Inline = %s, %v", inline, err)
	}
	if _, ok := in[1].([]byte); !ok {
		t.Error("Marshal changed its input")
	}
}

func TestMarshalRefusesWhatIsNoJSON(t *testing.T) {
	if _, _, err := Marshal("x", func() {}); err == nil {
		t.Error("a function was marshalled")
	}
	data, _, err := Marshal("x", "<&>")
	if err != nil || string(data) != `["x","<&>"]` {
		t.Errorf("got %s, %v", data, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`0{"token":"x"}`, `1/admin,`, `2/admin,12["hi",1]`, `3/a,13[]`, `4{"message":"no"}`, `51-["b",{"_placeholder":true,"num":0}]`, `62-/a,7[1]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := bytes.Clone(b)
		p, err := Decode(b)
		if !bytes.Equal(b, kept) {
			t.Fatal("Decode changed its input")
		}
		if err != nil {
			return
		}
		again, err := Decode(Append(nil, p))
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%q: %+v became %+v, %v", b, p, again, err)
		}
		if p.Type == Event || p.Type == BinaryEvent {
			_, args, err := Split(p.Data)
			if err != nil {
				return
			}
			for _, a := range args {
				if v, err := Restore(a, [][]byte{{1}, {2}}); err == nil {
					if _, _, err := Marshal(v); err != nil {
						t.Fatalf("%s: restored, not marshalled: %v", a, err)
					}
				}
				_, _ = Inline(a, [][]byte{{1}})
			}
		}
	})
}

func TestArgs(t *testing.T) {
	a, err := NewArgs([]json.RawMessage{
		[]byte(`{"n":12345678901234567890,"b":{"_placeholder":true,"num":0}}`), []byte(`"x"`),
	}, [][]byte{{1, 2}})
	if err != nil || a.Len() != 2 {
		t.Fatal(a, err)
	}
	var typed struct{ B []byte }
	if err := a.Decode(0, &typed); err != nil || !bytes.Equal(typed.B, []byte{1, 2}) {
		t.Errorf("typed: %v, %v", typed, err)
	}
	var loose any
	want := map[string]any{"n": json.Number("12345678901234567890"), "b": []byte{1, 2}}
	if err := a.Decode(0, &loose); err != nil || !reflect.DeepEqual(loose, want) {
		t.Errorf("loose: %#v, %v", loose, err)
	}
	var number int
	if err := a.Decode(1, &number); err == nil {
		t.Error("a string fits an int")
	}
	for _, i := range []int{-1, 2} {
		if err := a.Decode(i, &loose); !errors.Is(err, ErrNoArgument) {
			t.Errorf("argument %d: %v", i, err)
		}
	}
	if _, err := NewArgs([]json.RawMessage{[]byte(`{"_placeholder":true,"num":1}`)}, [][]byte{{1}}); !errors.Is(err, ErrMalformed) {
		t.Errorf("placeholder of nothing: %v", err)
	}
	if _, err := AckArgs([]byte(`{}`), nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("acknowledgement that is no array: %v", err)
	}
}

// Without attachments nothing is a placeholder, whatever it looks like.
func TestArgsWithoutAttachments(t *testing.T) {
	a, err := AckArgs([]byte(`[{"_placeholder":true,"num":0},12345678901234567890]`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := a.Decode(0, &v); err != nil || !reflect.DeepEqual(v, map[string]any{"_placeholder": true, "num": json.Number("0")}) {
		t.Errorf("got %#v, %v", v, err)
	}
	if err := a.Decode(1, &v); err != nil || v != json.Number("12345678901234567890") {
		t.Errorf("got %#v, %v", v, err)
	}
}
