package room

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseParcel(t *testing.T) {
	frame := func(topic string, payload int, ids ...string) string {
		return string(appendParcel(nil, parcel{topic: topic, ids: ids, payload: make([]byte, payload)}))
	}
	many := slices.Repeat([]string{"a"}, 255)
	for _, tt := range []struct {
		name, in string
		topic    string
		ids      int
		payload  int
		err      *Error
	}{
		{"to all", "\x01t\x00hi", "t", 0, 2, nil},
		{"to two", "\x01t\x02\x02ab\x01chi", "t", 2, 2, nil},
		{"nothing in it", "\x01t\x00", "t", 0, 0, nil},
		{"largest", frame(strings.Repeat("t", 64), 16<<10, many...), strings.Repeat("t", 64), 255, 16 << 10, nil},
		{"empty", "", "", 0, 0, errParcel},
		{"topic is cut off", "\x05top", "", 0, 0, errParcel},
		{"nothing after the topic", "\x01t", "", 0, 0, errParcel},
		{"ids are missing", "\x01t\x02\x01a", "", 0, 0, errParcel},
		{"id is cut off", "\x01t\x01\x09a", "", 0, 0, errParcel},
		{"no topic", "\x00\x00hi", "", 0, 0, errParcelTopic},
		{"topic is too long", frame(strings.Repeat("t", 65), 0), "", 0, 0, errParcelTopic},
		{"topic is not UTF-8", "\x01\xff\x00", "", 0, 0, errParcelTopic},
		{"payload is too large", frame("t", 16<<10+1), "", 0, 0, errParcelSize},
		{"id is empty", "\x01t\x01\x00", "", 0, 0, errParcelIDs},
		{"id is none", "\x01t\x01\x01*", "", 0, 0, errParcelIDs},
		{"id is too long", frame("t", 0, strings.Repeat("a", 33)), "", 0, 0, errParcelIDs},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parseParcel([]byte(tt.in))
			if tt.err != nil {
				if e := (*Error)(nil); !errors.As(err, &e) || e != tt.err {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				return
			}
			if err != nil || p.topic != tt.topic || len(p.ids) != tt.ids || len(p.payload) != tt.payload {
				t.Errorf("topic %q, %d ids, %d bytes, error %v", p.topic, len(p.ids), len(p.payload), err)
			}
		})
	}
}

func TestAppendParcel(t *testing.T) {
	got := appendParcel(nil, parcel{topic: "t", ids: []string{"ab", "c"}, payload: []byte("hi")})
	if want := "\x01t\x02\x02ab\x01chi"; string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzParseParcel(f *testing.F) {
	f.Add([]byte("\x01t\x02\x02ab\x01chi"))
	f.Add([]byte("\x05topic\x00\x00\x01\x02"))
	f.Add([]byte("\x01t\xff\x01a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := bytes.Clone(b)
		p, err := parseParcel(b)
		if !bytes.Equal(b, kept) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			return
		}
		if again := appendParcel(nil, p); !bytes.Equal(again, b) {
			t.Fatalf("%+v is written as %q, was %q", p, again, b)
		}
		if err := p.check(); err != nil || len(p.payload) > longestParcel {
			t.Fatalf("%+v is beyond a limit", p)
		}
	})
}
