package sio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNoArgument is returned by [Args.Decode] for an index out of range.
var ErrNoArgument = errors.New("sio: no such argument")

// Args are an event's or acknowledgement's arguments, binary attachments put
// back in place. The zero value has none. Args are read only and may be kept.
type Args struct {
	raw      []json.RawMessage
	attached [][]byte
}

// NewArgs returns the arguments of a packet, as [Split] gives them, with its
// attachments. A placeholder that names no attachment is ErrMalformed; without
// attachments nothing is a placeholder.
func NewArgs(raw []json.RawMessage, attached [][]byte) (Args, error) {
	a := Args{raw: raw, attached: attached}
	if len(attached) == 0 {
		return a, nil
	}
	for _, r := range raw {
		if _, err := Restore(r, attached); err != nil {
			return Args{}, err
		}
	}
	return a, nil
}

// AckArgs is [NewArgs] for the data of an acknowledgement, which is an array.
func AckArgs(data json.RawMessage, attached [][]byte) (Args, error) {
	var raw []json.RawMessage
	if json.Unmarshal(data, &raw) != nil {
		return Args{}, ErrMalformed
	}
	return NewArgs(raw, attached)
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
		return fmt.Errorf("sio: argument %d: %w", i, err)
	}
	return nil
}

func (a Args) decode(i int, v any) error {
	p, loose := v.(*any)
	if !loose {
		raw, err := a.JSON(i)
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, v)
	}
	if len(a.attached) > 0 {
		x, err := Restore(a.raw[i], a.attached)
		*p = x
		return err
	}
	d := json.NewDecoder(bytes.NewReader(a.raw[i]))
	d.UseNumber()
	return d.Decode(v)
}

// JSON returns argument i as JSON in which attachments are strings of base64,
// or [ErrNoArgument].
func (a Args) JSON(i int) (json.RawMessage, error) {
	if i < 0 || i >= len(a.raw) {
		return nil, ErrNoArgument
	}
	if len(a.attached) == 0 {
		return a.raw[i], nil
	}
	return Inline(a.raw[i], a.attached)
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
		if v, err := Restore(raw, a.attached); err == nil { // NewArgs checked it
			out[i] = v
		}
	}
	return out
}
