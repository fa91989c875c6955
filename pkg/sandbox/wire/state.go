package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// EncodeState writes any value of exported fields, SDK structs with their
// unions and documents included, so that DecodeState gives it back as it was:
// nil and empty lists stay apart, and so do nil and a pointer to zero. Times
// keep their nanoseconds.
func EncodeState(v any, r *shape.Registry) ([]byte, error) {
	c := Codec{Names: GoNames, Registry: r, sparse: true}
	tree, err := c.root(v)
	if err != nil {
		return nil, err
	}
	raw := appendJSON(nil, tree, func(b []byte, t time.Time) []byte {
		return appendString(b, t.UTC().Format(time.RFC3339Nano))
	})
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", " "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// DecodeState fills *v from what EncodeState wrote.
func DecodeState(data []byte, v any, r *shape.Registry) error {
	c := Codec{Names: GoNames, Registry: r, sparse: true}
	return c.DecodeJSON(data, reflect.ValueOf(v).Interface())
}
