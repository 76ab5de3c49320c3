package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

// FuzzMessage feeds a client what a server sends: messages that are separated
// by a zero byte, attachments with # in front.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		"40{\"sid\":\"a\"}\x002\x0042[\"hi\",1]\x00421[\"hi\"]\x00431[2]\x0041",
		"40{\"sid\":\"a\"}\x00451-[\"b\",{\"_placeholder\":true,\"num\":0}]\x00#bytes\x00461-1[{\"_placeholder\":true,\"num\":0}]\x00#bytes",
		"44{\"message\":\"no\",\"data\":{\"code\":\"x\"}}",
		"40{\"sid\":\"a\"}\x00450-[\"b\",{\"_placeholder\":true}]", // nothing is attached: no placeholder
		"44\"no\"", "6\x001", "40/other,{\"sid\":\"a\"}\x0042[\"x\"]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := bytes.Clone(b)
		_, _ = parseHello(message{data: b})
		c := newClient(nil, hello{}, Options{MaxPayload: 1000}.withDefaults())
		id, answer := c.register()
		var err error
		for m := range bytes.SplitSeq(b, []byte{0}) {
			attachment, binary := bytes.CutPrefix(m, []byte{'#'})
			if binary {
				m = attachment
			}
			if err = c.message(message{data: m, binary: binary}); err != nil {
				break
			}
		}
		checkError(t, err)
		c.forget(id)
		select {
		case a := <-answer:
			checkArgs(t, a)
		default:
		}
		c.in.close(false)
		for e, ok := c.in.next(); ok; e, ok = c.in.next() {
			checkArgs(t, e.args)
		}
		if n := len(c.out.queue); n > 1 {
			t.Errorf("%d messages answer pings", n)
		}
		if !bytes.Equal(b, kept) {
			t.Error("the input was changed")
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var refused *ConnectError
	if err == nil || errors.As(err, &refused) {
		return
	}
	for _, want := range []error{ErrParse, ErrTooLarge, ErrServerClosed, ErrDisconnected, ErrSlowHandler} {
		if errors.Is(err, want) {
			return
		}
	}
	t.Errorf("an error of another kind: %v", err)
}

func checkArgs(t *testing.T, a Args) {
	t.Helper()
	for i := range a.Len() {
		var v any
		if err := a.Decode(i, &v); err != nil {
			t.Errorf("argument %d: %v", i, err)
		}
		var raw json.RawMessage
		if err := a.Decode(i, &raw); err != nil {
			t.Errorf("argument %d as JSON: %v", i, err)
		}
	}
}
