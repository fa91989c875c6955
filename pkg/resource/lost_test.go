package resource

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lost
		l.Found("a") // nobody missed it
		if d := l.For("a"); d != 0 {
			t.Errorf("at first it is lost for %s", d)
		}
		time.Sleep(time.Minute)
		if a, b := l.For("a"), l.For("b"); a != time.Minute || b != 0 {
			t.Errorf("after a minute they are lost for %s and %s", a, b)
		}
		l.Found("a")
		time.Sleep(time.Minute)
		if a, b := l.For("a"), l.For("b"); a != 0 || b != time.Minute {
			t.Errorf("found and lost again, they are lost for %s and %s", a, b)
		}
	})
}
