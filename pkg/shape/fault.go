package shape

import (
	"fmt"
	"reflect"
	"runtime"
)

// Fault is what may be said of a recovered panic, anywhere. The runtime's own
// faults name types and indexes. What else somebody's code panics with may repeat
// the input that it could not bear, and inputs hold secrets: of that only the type
// is told, and the stack says the rest.
func Fault(v any) string {
	switch x := v.(type) {
	case runtime.Error:
		return x.Error()
	case *reflect.ValueError:
		return x.Error()
	case error:
		return fmt.Sprintf("a panic with an error of type %T", v)
	}
	return fmt.Sprintf("a panic with a %T", v)
}
