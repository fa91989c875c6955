package spec

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// The functions of this file turn one scalar into one Go value. They return a
// message in the form "expects …" when it does not fit.

// parseInt reads a whole number, also from a numeric string and from "3.0".
func parseInt(n *yaml.Node, bits int) (int64, string) {
	text := strings.TrimSpace(n.Value)
	digits := strings.TrimLeft(text, "+-")
	if len(digits) > 1 && digits[0] == '0' && strings.Trim(digits, "0123456789_") == "" {
		return 0, fmt.Sprintf("expects a whole number, got %s: write it without the leading zero", told(n.Value))
	}
	i, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f != math.Trunc(f) || strings.ContainsAny(text, "xXpP_iI") {
			return 0, "expects a whole number, got " + told(n.Value)
		}
		if math.Abs(f) > 1<<53 { // beyond it a float is no longer exact
			return 0, outOfRange(n, bits)
		}
		i = int64(f)
	}
	if bits < 64 && (i >= 1<<(bits-1) || i < -1<<(bits-1)) {
		return 0, outOfRange(n, bits)
	}
	return i, ""
}

func outOfRange(n *yaml.Node, bits int) string {
	if bits == 32 {
		return fmt.Sprintf("expects a whole number from %d to %d, got %s", math.MinInt32, math.MaxInt32, told(n.Value))
	}
	return "expects a smaller whole number, got " + told(n.Value)
}

func parseFloat(n *yaml.Node) (float64, string) {
	text := strings.TrimSpace(n.Value)
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, "expects a number, got " + told(n.Value)
	}
	return f, ""
}

func parseBool(n *yaml.Node) (bool, string) {
	switch strings.ToLower(strings.TrimSpace(n.Value)) {
	case "true", "yes", "on":
		return true, ""
	case "false", "no", "off":
		return false, ""
	}
	return false, "expects true or false, got " + told(n.Value)
}

// parseTime reads RFC 3339, or seconds since 1970 as the API and older CLIs
// print them.
func parseTime(n *yaml.Node) (time.Time, string) {
	text := strings.TrimSpace(n.Value)
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, ""
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(s) < 1e11 {
		whole, frac := math.Modf(s)
		return time.Unix(int64(whole), int64(math.Round(frac*1e3))*1e6).UTC(), ""
	}
	return time.Time{}, "expects a time like 2026-01-31T06:00:00Z, or seconds since 1970, got " + told(n.Value)
}

// scalar sets v, which is no pointer, from a scalar that is not null. The
// message is "" when it fits.
func scalar(n *yaml.Node, v reflect.Value) string {
	if shape.IsTime(v.Type()) {
		t, msg := parseTime(n)
		v.Set(reflect.ValueOf(t))
		return msg
	}
	switch v.Kind() {
	case reflect.String:
		if values := shape.Enum(v.Type()); values != nil {
			return enum(n, v, values)
		}
		v.SetString(n.Value)
		return ""
	case reflect.Bool:
		b, msg := parseBool(n)
		v.SetBool(b)
		return msg
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, msg := parseInt(n, v.Type().Bits())
		v.SetInt(i)
		return msg
	case reflect.Float32, reflect.Float64:
		f, msg := parseFloat(n)
		v.SetFloat(f)
		return msg
	}
	return fmt.Sprintf("this version cannot write values of type %s", v.Type())
}

func enum(n *yaml.Node, v reflect.Value, values []string) string {
	for _, value := range values {
		if value == n.Value {
			v.SetString(value)
			return ""
		}
	}
	return notOneOf(n.Value, values)
}

// notOneOf names the values that would do, unless there are too many to read.
func notOneOf(word string, values []string) string {
	if len(values) > 24 {
		return fmt.Sprintf("%s is not one of the %d values that are known%s", told(word, values...), len(values), didYouMean(word, values))
	}
	return fmt.Sprintf("%s is not one of %s%s", told(word, values...), strings.Join(values, ", "), didYouMean(word, values))
}

// expects names what a type takes, for messages.
func expects(t reflect.Type) string {
	t = shape.Deref(t)
	if shape.IsTime(t) {
		return "a time"
	}
	switch t.Kind() {
	case reflect.String:
		if values := shape.Enum(t); values != nil && len(values) <= 24 {
			return "one of " + strings.Join(values, ", ")
		}
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	}
	return "a mapping"
}
