package source

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// What is kept is what was read, whether packing helps or not, and however many ask.
func TestContentComesBack(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing": {}, "short": []byte("a"), "a document": []byte(strings.Repeat("containerDefinitions: [{name: web}]\n", 80)),
		"large": bytes.Repeat([]byte("0123456789abcdef"), 60<<10),
	} {
		plain := plainContent(data)
		packed := plain.pack()
		if small := len(packed.packed) > 0; small != (len(data) > 100) || packed.pack() != packed {
			t.Errorf("%s: packed to %d of %d bytes", name, len(packed.packed), len(data))
		}
		if packed.sum != plain.sum || packed.size != len(data) {
			t.Errorf("%s: %d bytes became %d", name, len(data), packed.size)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if got := packed.data(); !bytes.Equal(got, data) {
					t.Errorf("%s: %d bytes came back as %d others", name, len(data), len(got))
				}
			})
		}
		wg.Wait()
	}
}
