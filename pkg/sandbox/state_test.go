package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// TestWorldSurvives walks every type that the world can hold and fails on what
// would not come back from the state file.
func TestWorldSurvives(t *testing.T) {
	wire.Walk(reflect.TypeFor[stateFile](), registry(), func(path string, typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Struct:
			if typ == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range typ.NumField() {
				f := typ.Field(i)
				known := f.Name == "noSmithyDocumentSerde" || f.Name == "ResultMetadata" || (typ == reflect.TypeFor[World]() && (f.Name == "handlers" || f.Name == "watch" || f.Name == "derived"))
				if !known && (!f.IsExported() || f.Anonymous) {
					t.Errorf("%s: %s.%s is not exported or is embedded: it would be lost", path, typ, f.Name)
				}
			}
		case reflect.Interface:
			_, union := registry().Union(typ)
			_, document := registry().Document(typ)
			if !union && !document {
				t.Errorf("%s: %s is an interface that no registry knows", path, typ)
			}
		case reflect.Map:
			if k := typ.Key().Kind(); k != reflect.String && (k < reflect.Int || k > reflect.Int64) {
				t.Errorf("%s: a map keyed by %s", path, typ.Key())
			}
		case reflect.Func, reflect.Chan, reflect.Array, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
			if typ.Kind() != reflect.Uint8 { // []byte
				t.Errorf("%s: %s does not survive", path, typ)
			}
		}
	})
}

// TestUnionsAndDocuments walks the inputs and outputs of every operation: an
// SDK bump that brings an unknown union must not go unnoticed.
func TestUnionsAndDocuments(t *testing.T) {
	for name, o := range New(Options{}).ops {
		for _, side := range []reflect.Type{reflect.TypeOf(o.in()), reflect.TypeOf(o.out)} {
			wire.Walk(side, registry(), func(path string, typ reflect.Type) {
				if typ.Kind() != reflect.Interface {
					return
				}
				_, union := registry().Union(typ)
				_, document := registry().Document(typ)
				if !union && !document {
					t.Errorf("%s: %s is a %s that no registry knows", name, path, typ)
				}
			})
		}
	}
}

// aliases fails where two places of the world share one pointer: the state file
// would make two of them.
func aliases(t *testing.T, w *World) {
	t.Helper()
	seen := map[uintptr]string{}
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				return
			}
			if v.Elem().Kind() == reflect.Struct && strings.Contains(v.Elem().Type().PkgPath(), "pkg/sandbox") {
				if first, ok := seen[v.Pointer()]; ok {
					t.Errorf("%s and %s are one %s", first, path, v.Elem().Type())
					return
				}
				seen[v.Pointer()] = path
			}
			walk(v.Elem(), path)
		case reflect.Struct:
			for _, f := range shape.Fields(v.Type()) {
				walk(v.Field(f.Index), path+"."+f.GoName)
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), path+"[]")
			}
		case reflect.Map:
			for _, k := range v.MapKeys() {
				walk(v.MapIndex(k), path+"["+k.String()+"]")
			}
		}
	}
	walk(reflect.ValueOf(w).Elem(), "World")
}

// assertRoundTrip writes a world and reads it back: nothing may be missing.
func assertRoundTrip(t *testing.T, s *Sandbox) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	aliases(t, s.world)
	assertDerived(t, s.world)
	raw, err := wire.EncodeState(s.world, registry())
	if err != nil {
		t.Fatal(err)
	}
	var back World
	if err := wire.DecodeState(raw, &back, registry()); err != nil {
		t.Fatal(err)
	}
	want := *s.world
	want.handlers, want.derived = nil, derived{} // code, and what is counted anew
	if !reflect.DeepEqual(want, back) {
		t.Errorf("the world came back changed (-before +after):\n%s", cmp.Diff(want, back, cmp.Exporter(func(reflect.Type) bool { return true })))
	}
}

// assertDerived fails where what the world has counted is not what it would count now.
func assertDerived(t *testing.T, w *World) {
	t.Helper()
	was, now := w.derived, *w
	now.derived = derived{}
	same := func(what string, counted bool, was, now any) {
		t.Helper()
		if counted && !cmp.Equal(was, now, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(scalingtypes.Alarm{})) {
			t.Errorf("%s were amended to\n%v\nand are\n%v", what, was, now)
		}
	}
	if was.policies != nil {
		same("the policies' keys", true, was.policies.keys, now.policyKeys().keys)
	}
	if was.alarms != nil {
		same("the alarms' names", true, was.alarms.keys, now.metricAlarms().keys)
	}
	same("callers", was.calling != nil, was.calling, now.callers())
	same("forwarders", was.behind != nil, was.behind, now.forwarders())
	for _, l := range w.ELB.Listeners {
		arns := func(w *World) (out []string) {
			for _, r := range w.rulesOf(*l.Value.ListenerArn) {
				out = append(out, *r.Value.RuleArn)
			}
			return out
		}
		same("rules", was.rules != nil, arns(w), arns(&now))
	}
	for resource, t := range w.Scaling.Targets {
		same("targets", was.targets != nil, was.targets[*t.Target.ScalableTargetARN], resource)
	}
}

// stateClient opens a state file and a client on it.
func stateClient(t *testing.T, path string, opts Options) (*Sandbox, *elbv2.Client) {
	t.Helper()
	s, err := Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s, elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
}

// TestStateFile makes things in one process, so to speak, and finds them in the
// next; the second is not closed, as after kill -9, and loses nothing either.
func TestStateFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "world.json")
		s, c := stateClient(t, path, Options{Speed: 10})
		first := elbGroup(t, c, "first")
		begin := s.Clock()
		s.mu.Lock()
		s.world.registerTarget(first, "10.0.0.1", 0, true)
		s.mu.Unlock()
		if _, err := elbForward(t, c, 1, first); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // ten minutes of the world, in which nobody runs

		s, c = stateClient(t, path, Options{Speed: 10})
		if lived := s.Clock().Sub(begin); lived != 10*time.Minute {
			t.Errorf("the clock moved by %v, want 10m", lived)
		}
		s.mu.Lock()
		if got := s.world.targetState(first, "10.0.0.1", 0); got != "healthy" {
			t.Errorf("the target is %s", got)
		}
		s.mu.Unlock()
		elbGroup(t, c, "second")
		writes := len(s.Writes())
		if writes != 3 {
			t.Errorf("%d writes in the journal, want those of both processes: 3", writes)
		}
		_ = s.store.lock.f.Close() // what the kernel does for a killed process

		s, c = stateClient(t, path, Options{Speed: 10})
		out, err := c.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{Names: []string{"first", "second"}})
		if err != nil || len(out.TargetGroups) != 2 {
			t.Errorf("%+v, %v", out, err)
		}
		if len(s.Writes()) != writes {
			t.Errorf("%d writes after the restart, want %d", len(s.Writes()), writes)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		left, _ := filepath.Glob(path + ".*.tmp")
		if len(left) != 0 {
			t.Errorf("temporary files left: %v", left)
		}
	})
}

func TestStateLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.json")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, Options{})
	var locked *LockedError
	if !errors.As(err, &locked) || !strings.Contains(locked.Holder, l.URL) || !strings.HasPrefix(locked.Holder, "pid ") {
		t.Errorf("second process: %v, want a refusal that names %s", err, l.URL)
	}
	if err := errors.Join(l.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	s, err = Open(path, Options{})
	if err != nil {
		t.Fatalf("after close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestStateRefusals(t *testing.T) {
	for name, content := range map[string]string{"not json": "hello", "empty": "", "another version": `{"Format": 99}`, "nothing": "null"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "world.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "sandbox state: ") {
				t.Errorf("got %v", err)
			}
			if left, err := os.ReadFile(path); err != nil || string(left) != content {
				t.Errorf("the file is %q now, %v", left, err)
			}
			lock, err := lockFile(path + ".lock")
			if err != nil {
				t.Errorf("a refused file stays locked: %v", err)
			} else if err := lock.release(); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no", "such", "dir", "world.json"), Options{}); err == nil {
		t.Error("a state file in a directory that does not exist was opened")
	}
}

// TestReadsDoNotWrite: a reading call in which nothing happened leaves the file
// alone.
func TestReadsDoNotWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.json")
	s, c := stateClient(t, path, Options{})
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DescribeLoadBalancers(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was replaced by a read (%v)", err)
	}
	elbGroup(t, c, "web")
	if after, err := os.Stat(path); err != nil || os.SameFile(before, after) {
		t.Errorf("the file was not replaced by a write (%v)", err)
	}
}

func TestRoundTripELB(t *testing.T) {
	s := New(Options{})
	c := elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
	blue, green := elbGroup(t, c, "blue"), elbGroup(t, c, "green")
	if _, err := elbForward(t, c, 1, blue, green); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RegisterTargets(t.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: &blue, Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.1")}}}); err != nil {
		t.Fatal(err)
	}
	s.Advance(time.Minute)
	assertRoundTrip(t, s)
}

// TestConcurrentCalls lets many clients work at once on a listener.
func TestConcurrentCalls(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		c := elbv2.NewFromConfig(cfg)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				name := "tg-" + string(rune('a'+i))
				if _, err := c.CreateTargetGroup(t.Context(), webGroup(name)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if _, err := c.DescribeTargetGroups(t.Context(), nil); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		if n := len(s.Journal()); n != 16 {
			t.Errorf("%d entries in the journal, want 16", n)
		}
	})
}

func TestListenOnlyOnLoopback(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "192.0.2.1:80", "[::]:0", "example.org:80", "nonsense"} {
		if l, err := New(Options{}).Listen(addr); err == nil {
			t.Errorf("listens on %s", addr)
			_ = l.Close()
		}
	}
}
