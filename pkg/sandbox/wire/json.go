package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// DecodeJSON fills an SDK input from an awsJson body. An empty body is {}.
func (c Codec) DecodeJSON(body []byte, in any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	tree, ok := parse(body)
	if !ok {
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if err := dec.Decode(&tree); err != nil {
			return &SerializationError{Text: err.Error()}
		}
		if _, err := dec.Token(); err != io.EOF {
			return &SerializationError{Text: "data after the top-level value"}
		}
	}
	if tree == nil {
		return nil
	}
	return c.fill(reflect.ValueOf(in).Elem(), tree)
}

// EncodeJSON writes an SDK output as an awsJson body: timestamps are epoch
// seconds. nil is {}.
func (c Codec) EncodeJSON(out any) ([]byte, error) {
	tree, err := c.root(out)
	if err != nil {
		return nil, err
	}
	return appendJSON(make([]byte, 0, 2048), tree, jsonTime), nil
}

func (c Codec) root(out any) (any, error) {
	if out == nil {
		return Object{}, nil
	}
	tree, ok, err := c.takeApart(reflect.ValueOf(out))
	if err != nil {
		return nil, err
	}
	if !ok {
		return Object{}, nil
	}
	return tree, nil
}

func jsonTime(b []byte, t time.Time) []byte {
	return appendFloat(b, float64(t.UnixMilli())/1e3)
}

func appendJSON(b []byte, tree any, stamp func([]byte, time.Time) []byte) []byte {
	switch x := tree.(type) {
	case Object:
		return appendMembers(b, x, stamp)
	case Map:
		return appendMembers(b, x, stamp)
	case []any:
		b = append(b, '[')
		for i, item := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item, stamp)
		}
		return append(b, ']')
	case string:
		return appendString(b, x)
	case bool:
		return strconv.AppendBool(b, x)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case float64:
		return appendDouble(b, x)
	case []byte:
		return appendString(b, base64.StdEncoding.EncodeToString(x))
	case time.Time:
		return stamp(b, x)
	case nil:
		return append(b, "null"...)
	}
	raw, err := json.Marshal(tree) // a document: plain values only
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, raw...)
}

func appendMembers(b []byte, members []Member, stamp func([]byte, time.Time) []byte) []byte {
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, m.Name)
		b = append(b, ':')
		b = appendJSON(b, m.Value, stamp)
	}
	return append(b, '}')
}

// appendFloat writes what JSON can say; awsJson puts the rest in quotes.
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// appendDouble writes a number that is not an integer by type as AWS does,
// 80.0 and not 80: clients in loosely typed languages tell the two apart.
func appendDouble(b []byte, f float64) []byte {
	from := len(b)
	b = appendFloat(b, f)
	if !bytes.ContainsAny(b[from:], ".\"") {
		b = append(b, ".0"...)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	if plainASCII(s) { // nearly all names and values
		return append(append(append(b, '"'), s...), '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// plainASCII reports whether JSON writes a string as it stands.
func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
