package shape

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestFaultTellsNoSecret: whatever a panic carries, its text is not repeated; what the
// runtime says of itself is.
func TestFaultTellsNoSecret(t *testing.T) {
	const secret = "canary-panic-7d31"
	var none []string
	key := map[any]int{}
	for name, c := range map[string]struct {
		do   func()
		want string
	}{
		"a text":              {func() { panic("cannot take " + secret) }, "a panic with a string"},
		"an error":            {func() { panic(fmt.Errorf("cannot take %s", secret)) }, "a panic with an error of type"},
		"a value":             {func() { panic([]string{secret}) }, "a panic with a []string"},
		"an index":            {func() { _ = none[len(secret)] }, "index out of range [17] with length 0"},
		"a conversion":        {func() { _ = any(secret).(error) }, "string is not error"},
		"a key":               {func() { key[[]string{secret}] = 1 }, "hash of unhashable type []string"},
		"reflection":          {func() { reflect.ValueOf(secret).Elem() }, "call of reflect.Value.Elem on string Value"},
		"an error that is so": {func() { panic(errors.New(secret)) }, "a panic with an error of type *errors.errorString"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				got := Fault(recover())
				if strings.Contains(got, secret) || !strings.Contains(got, c.want) {
					t.Errorf("%q, want …%s…", got, c.want)
				}
			}()
			c.do()
		})
	}
}
