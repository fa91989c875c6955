package wire

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

func fillScalar(dst reflect.Value, tree any) error {
	switch dst.Kind() {
	case reflect.String:
		switch s := tree.(type) {
		case string:
			dst.SetString(s)
		case text:
			dst.SetString(string(s))
		default:
			return mismatch(dst.Type(), kindName(tree)+" can not be converted to String")
		}
	case reflect.Bool:
		switch b := tree.(type) {
		case bool:
			dst.SetBool(b)
		case text:
			if b != "true" && b != "false" {
				return mismatch(dst.Type(), strconv.Quote(string(b))+" is not a boolean")
			}
			dst.SetBool(b == "true")
		default:
			return mismatch(dst.Type(), "expected a boolean, got "+kindName(tree))
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := asInt(tree)
		if err != nil || dst.OverflowInt(n) {
			return mismatch(dst.Type(), fmt.Sprintf("%v is not an integer of this size", tree))
		}
		dst.SetInt(n)
	case reflect.Float32, reflect.Float64:
		n, err := asFloat(tree)
		if err != nil {
			return mismatch(dst.Type(), fmt.Sprintf("%v is not a number", tree))
		}
		dst.SetFloat(n)
	default:
		return mismatch(dst.Type(), "unsupported type")
	}
	return nil
}

func fillBytes(dst reflect.Value, tree any) error {
	switch x := tree.(type) {
	case []byte:
		dst.SetBytes(x)
	case text:
		return fillBytes(dst, string(x))
	case string:
		b, err := base64.StdEncoding.DecodeString(x)
		if err != nil {
			return mismatch(dst.Type(), "not base64")
		}
		dst.SetBytes(b)
	default:
		return mismatch(dst.Type(), "expected a blob, got "+kindName(tree))
	}
	return nil
}

func asInt(tree any) (int64, error) {
	switch x := tree.(type) {
	case int64:
		return x, nil
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n, nil
		}
		f, err := x.Float64()
		if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return 0, errors.New("not an integer")
		}
		return int64(f), nil
	case float64:
		if x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return 0, errors.New("not an integer")
		}
		return int64(x), nil
	case text:
		return strconv.ParseInt(string(x), 10, 64)
	}
	return 0, errors.New("not a number")
}

func asFloat(tree any) (float64, error) {
	switch x := tree.(type) {
	case float64:
		return x, nil
	case int64:
		return float64(x), nil
	case json.Number:
		return x.Float64()
	case text:
		return strconv.ParseFloat(string(x), 64)
	case string: // what JSON has no number for
		if x == "NaN" || x == "Infinity" || x == "-Infinity" {
			return strconv.ParseFloat(x, 64)
		}
	}
	return 0, errors.New("not a number")
}

// asTime reads epoch seconds (JSON), a tagged epoch (CBOR) and ISO 8601 (forms,
// and JSON as lenient services take it).
func asTime(tree any) (time.Time, error) {
	switch x := tree.(type) {
	case time.Time:
		return x, nil
	case text:
		return asTime(string(x))
	case string:
		if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
			return t.UTC(), nil
		}
		if t, err := time.Parse("2006-01-02T15:04:05.999999999", x); err == nil {
			return t.UTC(), nil
		}
		return time.Time{}, errors.New(strconv.Quote(x) + " is not a timestamp")
	}
	f, err := asFloat(tree)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e12 {
		return time.Time{}, errors.New("not a timestamp")
	}
	sec, frac := math.Modf(f)
	return time.Unix(int64(sec), int64(math.Round(frac*1e3))*int64(time.Millisecond)).UTC(), nil
}
