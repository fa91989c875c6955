package reconcile

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A daemon that starts while its source is away stays up, says so once, is not
// ready, writes nothing, and goes on when the source comes back.
func TestADaemonWaitsForItsSource(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b, e := w.inBucket(source.Place{Bucket: "specs", Key: "services/"})
		failing(&sandbox.Fault{Drop: true})(b)
		mark := w.mark()
		defer w.run(e)()
		w.sleep(15 * time.Minute)
		w.quiet(mark, "without documents")
		if n := w.told(EventProblem, "nothing is in force yet"); n != 1 {
			t.Errorf("told %d times:\n%s", n, w.story())
		}
		if e.Ready() == nil {
			t.Error("it is ready for nothing")
		}
		if err := e.Alive(); err != nil {
			t.Error(err)
		}
		w.spoil(nil)
		if took := w.until("ready", func() bool { return stands(e, "s2", status.Synced)() && e.Ready() == nil }); took > 2*time.Minute {
			t.Errorf("it went on after %s", took)
		}
		if n := w.told(EventProblem, "mended: source"); n != 1 {
			t.Errorf("mended %d times:\n%s", n, w.story())
		}
	})
}

// A source that goes away is told once, however its words vary by numbers, and again
// when the reason is another; what was wrong with the documents is not mended by it.
func TestAnOutageIsToldOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.files.put("bad.yaml", "apiVersion: ecs-operator/v1\nkind: Service\nbogus: 1\n")
		e := w.engine()
		defer w.run(e)()
		w.until("ready", stands(e, "hello", status.Synced))
		before := w.told(EventProblem, "bad.yaml")
		for n := range 10 {
			w.files.fail(fmt.Errorf("read tcp 127.0.0.1:%d: connection reset, request %x", 40000+n, n*n*7919))
			w.sleep(2 * time.Minute)
		}
		if n := w.told(EventProblem, "the last documents stay in force"); n != 1 {
			t.Errorf("told %d times:\n%s", n, w.story())
		}
		w.files.fail(errors.New("the token is refused"))
		w.sleep(5 * time.Minute)
		if n := w.told(EventProblem, "the token is refused"); n != 1 {
			t.Errorf("the other reason is told %d times:\n%s", n, w.story())
		}
		if n := w.told(EventProblem, "mended"); n != 0 {
			t.Errorf("nobody has mended anything:\n%s", w.story())
		}
		w.files.fail(nil)
		w.until("mended", func() bool {
			return w.told(EventProblem, "mended: source: cannot be read, the last documents stay in force: the token") == 1
		})
		if n := w.told(EventProblem, "bad.yaml"); n != before || n == 0 {
			t.Errorf("the bad document is told %d times, and before %d times:\n%s", n, before, w.story())
		}
	})
}
