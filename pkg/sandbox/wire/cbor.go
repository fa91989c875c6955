package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// DecodeCBOR fills an SDK input from the body of an rpc-v2-cbor request. An
// empty body is an empty map.
func (c Codec) DecodeCBOR(body []byte, in any) error {
	if len(body) == 0 {
		return nil
	}
	v, err := cbor.Decode(body)
	if err != nil {
		return &SerializationError{Text: err.Error()}
	}
	tree, err := fromCBOR(v)
	if err != nil {
		return &SerializationError{Text: err.Error()}
	}
	if _, ok := tree.(map[string]any); !ok {
		return &SerializationError{Text: "expected a map"}
	}
	return c.fill(reflect.ValueOf(in).Elem(), tree)
}

// EncodeCBOR writes an SDK output as the body of an rpc-v2-cbor answer.
func (c Codec) EncodeCBOR(out any) ([]byte, error) {
	tree, err := c.root(out)
	if err != nil {
		return nil, err
	}
	return cbor.Encode(toCBOR(tree)), nil
}

func fromCBOR(v cbor.Value) (any, error) {
	switch x := v.(type) {
	case cbor.Uint, cbor.NegInt:
		return cbor.AsInt64(x)
	case cbor.Slice:
		return []byte(x), nil
	case cbor.String:
		return string(x), nil
	case cbor.Bool:
		return bool(x), nil
	case cbor.Float32:
		return float64(x), nil
	case cbor.Float64:
		return float64(x), nil
	case *cbor.Nil, *cbor.Undefined:
		return nil, nil
	case *cbor.Tag:
		return cbor.AsTime(x)
	case cbor.List:
		out := make([]any, 0, len(x))
		for _, item := range x {
			tree, err := fromCBOR(item)
			if err != nil {
				return nil, err
			}
			out = append(out, tree)
		}
		return out, nil
	case cbor.Map:
		out := make(map[string]any, len(x))
		for k, item := range x {
			tree, err := fromCBOR(item)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = tree
		}
		return out, nil
	}
	return nil, fmt.Errorf("unexpected value %T", v)
}

func toCBOR(tree any) cbor.Value {
	switch x := tree.(type) {
	case Object:
		return membersCBOR(x)
	case Map:
		return membersCBOR(x)
	case []any:
		list := make(cbor.List, 0, len(x))
		for _, item := range x {
			list = append(list, toCBOR(item))
		}
		return list
	case map[string]any: // of a document
		m := make(cbor.Map, len(x))
		for k, item := range x {
			m[k] = toCBOR(item)
		}
		return m
	case string:
		return cbor.String(x)
	case bool:
		return cbor.Bool(x)
	case int64:
		if x < 0 {
			return cbor.NegInt(uint64(-x))
		}
		return cbor.Uint(uint64(x))
	case float64:
		return cbor.Float64(x)
	case json.Number:
		f, _ := x.Float64()
		return cbor.Float64(f)
	case []byte:
		return cbor.Slice(x)
	case time.Time:
		return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(x.UnixMilli()) / 1e3)}
	}
	return &cbor.Nil{}
}

func membersCBOR(members []Member) cbor.Value {
	m := make(cbor.Map, len(members))
	for _, e := range members {
		m[e.Name] = toCBOR(e.Value)
	}
	return m
}
