package shape_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

func TestIsName(t *testing.T) {
	want := regexp.MustCompile(`^[A-Za-z0-9_-]{1,8}$`)
	for _, s := range []string{"", "a", "Z9_-", "12345678", "123456789", "a b", "ä", "a\n", "[", "@", "`", "{", "/", ":", "a.b", strings.Repeat("a", 300)} {
		if got := shape.IsName(s, 8, "_-"); got != want.MatchString(s) {
			t.Errorf("%q: %t", s, got)
		}
	}
}
