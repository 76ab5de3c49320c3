package client

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// Args are an event's or acknowledgement's arguments, binary attachments put
// back in place. The zero value has none. Args are read only and may be kept.
type Args struct {
	raw      []json.RawMessage
	attached [][]byte
}

// Len returns how many arguments there are.
func (a Args) Len() int { return len(a.raw) }

// Decode stores argument i, from 0, in what v points to, as [json.Unmarshal]
// does. An attachment fits a []byte, also inside of a struct; a *any gets
// []byte in its place, and numbers as [json.Number]. It fails with
// [ErrNoArgument], or when the types do not fit.
func (a Args) Decode(i int, v any) error {
	if i < 0 || i >= len(a.raw) {
		return ErrNoArgument
	}
	if err := a.decode(i, v); err != nil {
		return fmt.Errorf("client: argument %d: %w", i, err)
	}
	return nil
}

func (a Args) decode(i int, v any) error {
	if len(a.attached) == 0 { // then nothing is a placeholder
		d := json.NewDecoder(bytes.NewReader(a.raw[i]))
		if _, ok := v.(*any); ok {
			d.UseNumber()
		}
		return d.Decode(v)
	}
	if p, ok := v.(*any); ok {
		x, err := sio.Restore(a.raw[i], a.attached)
		if err != nil {
			return err
		}
		*p = x
		return nil
	}
	raw, err := sio.Inline(a.raw[i], a.attached)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// check makes sure that every placeholder names an attachment.
func (a Args) check() error {
	if len(a.attached) == 0 {
		return nil
	}
	for _, raw := range a.raw {
		if _, err := sio.Restore(raw, a.attached); err != nil {
			return err
		}
	}
	return nil
}
