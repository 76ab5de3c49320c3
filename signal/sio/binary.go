package sio

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// placeholder stands in JSON where an attachment belongs.
type placeholder struct {
	Placeholder bool `json:"_placeholder"`
	Num         int  `json:"num"`
}

// Marshal writes values as one JSON array. A []byte among them, or inside of a
// []any or map[string]any, becomes an attachment; bytes elsewhere, as in the
// field of a struct, become base64 as in encoding/json. The attachments are the
// caller's own bytes.
func Marshal(values ...any) (data json.RawMessage, attached [][]byte, err error) {
	taken := make([]any, len(values))
	for i, v := range values {
		taken[i] = take(v, &attached)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(taken); err != nil {
		return nil, nil, fmt.Errorf("sio: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), attached, nil
}

// take returns v with placeholders for its attachments; v is not changed.
func take(v any, attached *[][]byte) any {
	switch x := v.(type) {
	case []byte:
		*attached = append(*attached, x)
		return placeholder{Placeholder: true, Num: len(*attached) - 1}
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = take(x[i], attached)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k := range x {
			out[k] = take(x[k], attached)
		}
		return out
	}
	return v
}

// Restore puts attachments back in place: it returns the value of raw with
// []byte instead of each placeholder, numbers as json.Number. A placeholder
// that names no attachment is ErrMalformed.
func Restore(raw json.RawMessage, attached [][]byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, ErrMalformed
	}
	return put(v, attached)
}

// put replaces placeholders in v.
func put(v any, attached [][]byte) (any, error) {
	var err error
	switch x := v.(type) {
	case []any:
		for i := range x {
			if x[i], err = put(x[i], attached); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		if x["_placeholder"] == true {
			return find(x["num"], attached)
		}
		for k := range x {
			if x[k], err = put(x[k], attached); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// find returns the attachment that a placeholder names.
func find(num any, attached [][]byte) (any, error) {
	n, ok := num.(json.Number)
	if !ok {
		return nil, ErrMalformed
	}
	i, err := n.Int64()
	if err != nil || i < 0 || i >= int64(len(attached)) {
		return nil, ErrMalformed
	}
	return attached[i], nil
}

// Inline returns raw with each placeholder replaced by its attachment in
// base64, which encoding/json reads as []byte.
func Inline(raw json.RawMessage, attached [][]byte) (json.RawMessage, error) {
	v, err := Restore(raw, attached)
	if err != nil {
		return nil, err
	}
	if b, ok := v.([]byte); ok {
		return json.RawMessage(`"` + base64.StdEncoding.EncodeToString(b) + `"`), nil
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, ErrMalformed
	}
	return out, nil
}
