package signal

import (
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
	if p, ok := v.(*any); ok {
		x, err := sio.Restore(a.raw[i], a.attached)
		if err != nil {
			return fmt.Errorf("signal: argument %d: %w", i, err)
		}
		*p = x
		return nil
	}
	raw, err := a.inline(i)
	if err != nil {
		return fmt.Errorf("signal: argument %d: %w", i, err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("signal: argument %d: %w", i, err)
	}
	return nil
}

// Values returns the arguments to pass them on as they came: JSON as
// [json.RawMessage], and with []byte in place where there are attachments.
func (a Args) Values() []any {
	out := make([]any, len(a.raw))
	for i, raw := range a.raw {
		out[i] = raw
		if len(a.attached) == 0 {
			continue
		}
		if v, err := sio.Restore(raw, a.attached); err == nil { // checked on arrival
			out[i] = v
		}
	}
	return out
}

// inline returns argument i as JSON without placeholders.
func (a Args) inline(i int) (json.RawMessage, error) {
	if len(a.attached) == 0 {
		return a.raw[i], nil
	}
	return sio.Inline(a.raw[i], a.attached)
}

// first returns the first argument as JSON, nil if there is none.
func (a Args) first() (json.RawMessage, error) {
	if len(a.raw) == 0 {
		return nil, nil
	}
	return a.inline(0)
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

// unmarshalArray splits the data of an acknowledgement.
func unmarshalArray(data json.RawMessage, to *[]json.RawMessage) error {
	if json.Unmarshal(data, to) != nil {
		return sio.ErrMalformed
	}
	return nil
}
