package shape

import (
	"fmt"
	"runtime"
	"testing"
)

// Of a list of paths that nobody has any more nothing is left: documents are edited for
// as long as a daemon runs.
func TestSealedPlacesAreForgotten(t *testing.T) {
	kept := func() (n int) {
		sharedNames.Range(func(any, any) bool { n++; return true })
		return n
	}
	before := kept()
	for i := range 100 {
		p := PlacesOf(map[string]string{fmt.Sprintf("forgotten[%d]", i): "a.yaml:1:1"})
		p.Seal()
	}
	for range 1000 { // cleanups run some time after a collection
		runtime.GC()
		if kept() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d lists are left, %d were there", kept(), before)
}
