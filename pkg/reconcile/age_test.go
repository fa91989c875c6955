package reconcile

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Whatever a service has gone through, a day after it has gone the daemon remembers
// nothing of it: a fleet in which services come and go takes the room of those that are.
func TestNothingIsKeptOfWhatIsGone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.verify = true
		e := w.scoped("shop", true)
		doc := func(image string) string {
			return strings.NewReplacer("metadata: {name: web}", "metadata: {name: departs}", "nginx:1.29", image).Replace(web)
		}
		w.files.put("departs.yaml", doc("nginx:1.29"))
		w.files.put("stays.yaml", hello("stays", "nginx:1.29"))
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		defer w.run(e)()
		w.until("both stand", func() bool {
			return stands(e, "departs", status.Synced)() && stands(e, "stays", status.Synced)()
		})
		w.files.put("departs.yaml", doc("nginx:1.30"))
		w.spoil(always(sandbox.Fault{Code: "AccessDeniedException", Message: "no"}, "GetResources"))
		w.sleep(hour)
		w.spoil(nil)
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("default"), Service: aws.String("departs"), DesiredCount: aws.Int32(5)})
		w.ok(err)
		w.sleep(hour)
		w.files.put("departs.yaml", doc("nginx:crash"))
		w.until("the bad image is taken back", func() bool { return w.told(EventStep, "quarantined") > 0 })
		w.sleep(hour)
		synctest.Wait() // the walk takes no locks
		if found := mentions(e, "departs"); len(found) < 10 {
			t.Fatalf("too little is seen of the memory to tell: %q", found)
		}
		w.files.put("departs.yaml", "")
		w.until("the service goes", func() bool { return len(w.owned("default/departs")) == 0 })
		for _, image := range []string{"nginx:1.30", "nginx:crash", "nginx:1.31", "nginx:crash"} { // the others live on
			w.sleep(6 * hour)
			w.files.put("stays.yaml", hello("stays", image))
		}
		w.sleep(hour)
		synctest.Wait()
		for _, at := range mentions(e, "departs") {
			t.Errorf("of a service that has gone is kept: %s", at)
		}
	})
}

// mentions are the places of an engine's memory at which a text stands, its own ways to
// AWS and to the source aside.
func mentions(e *Engine, text string) []string {
	var out []string
	seen := map[[2]uintptr]bool{}
	var walk func(v reflect.Value, at string)
	walk = func(v reflect.Value, at string) {
		if !v.IsValid() || strings.HasSuffix(v.Type().PkgPath(), "pkg/sandbox") || v.Type().String() == "awsclient.Pool" || strings.HasPrefix(v.Type().String(), "zap") {
			return
		}
		switch v.Kind() {
		case reflect.String:
			if strings.Contains(v.String(), text) {
				out = append(out, fmt.Sprintf("%s: %.80s", at, v.String()))
			}
		case reflect.Pointer, reflect.Interface:
			if v.IsNil() {
				return
			}
			if v.Kind() == reflect.Pointer {
				key := [2]uintptr{v.Pointer(), reflect.ValueOf(v.Type()).Pointer()}
				if seen[key] {
					return
				}
				seen[key] = true
			}
			walk(v.Elem(), at)
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i), at+"."+v.Type().Field(i).Name)
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				return
			}
			for i := range v.Len() {
				walk(v.Index(i), at+"[]")
			}
		case reflect.Map:
			for it := v.MapRange(); it.Next(); {
				walk(it.Key(), at+"[key]")
				walk(it.Value(), at+"[]")
			}
		}
	}
	o := e.o.Source
	defer func() { e.o.Source = o }()
	e.o.Source = nil
	walk(reflect.ValueOf(e), "")
	return out
}
