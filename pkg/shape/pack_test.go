package shape

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"pgregory.net/rapid"
)

// What is packed comes out as it went in: nil and empty are told apart, and so are a
// pointer to a zero and none.
func TestPackGivesBackTheSame(t *testing.T) {
	type all struct {
		Text, Same string
		None, Zero *int32
		Empty, Nil []string
		Bare       map[string]string
		Unset      map[string]any
		Open       map[string]any
		Numbers    []float64
		Signed     []int64
		Flag       bool
		At         *time.Time
		Places     *Places
		Want       any
	}
	at := time.Date(2026, 11, 28, 9, 0, 0, 5, time.UTC)
	places := PlacesOf(map[string]string{"a": "f.yaml:1:2"})
	in := all{
		Text: "x", Same: "x", Zero: aws.Int32(0), Empty: []string{}, Bare: map[string]string{},
		Open:    map[string]any{"s": "x", "n": -7, "f": 1.5, "m": map[string]string{"": ""}, "l": []any{nil, true, "x"}, "nil": nil},
		Numbers: []float64{0, -1.25, 1e300}, Signed: []int64{0, -1, 1 << 62, -1 << 63}, Flag: true, At: &at, Places: places,
		Want: &ecs.CreateServiceInput{ServiceName: aws.String("web"), DesiredCount: aws.Int32(-3), LaunchType: types.LaunchTypeFargate,
			LoadBalancers: []types.LoadBalancer{{}, {ContainerPort: aws.Int32(80)}}},
	}
	packed := Pack(in)
	for range 2 {
		if out := packed.Unpack(); !reflect.DeepEqual(in, out) {
			t.Errorf("got %+v, want %+v", out, in)
		}
	}
	if out := packed.Unpack(); out.Places != places || out.At != &at {
		t.Error("what cannot be written down is not the same any more")
	}
	if out := (Packed[all]{}).Unpack(); !reflect.ValueOf(out).IsZero() {
		t.Errorf("the zero value holds %+v", out)
	}
}

// Sealed places are written down with what they belong to, and come back sealed: each copy
// may be written to.
func TestPlacesArePacked(t *testing.T) {
	type object struct {
		Name    string
		Written *Places
		Next    *object
	}
	rapid.Check(t, func(r *rapid.T) {
		position := rapid.Custom(func(r *rapid.T) string {
			return fmt.Sprintf("%s:%d:%d", rapid.SampledFrom([]string{"a.yaml", "b/c.yaml", ""}).Draw(r, "file"), rapid.IntRange(0, 500).Draw(r, "line"), rapid.IntRange(0, 300).Draw(r, "column"))
		})
		var in *object
		for range rapid.IntRange(0, 20).Draw(r, "objects") {
			in = &object{Name: rapid.String().Draw(r, "name"), Next: in}
			if rapid.IntRange(0, 5).Draw(r, "written") > 0 {
				in.Written = PlacesOf(rapid.MapOf(rapid.StringN(0, 5, -1), position).Draw(r, "places"))
			}
			if rapid.Bool().Draw(r, "sealed") {
				in.Written.Seal()
			}
		}
		packed := Pack(in)
		for range 2 {
			have := packed.Unpack()
			for want := in; want != nil; want, have = want.Next, have.Next {
				if have.Name != want.Name || (have.Written == nil) != (want.Written == nil) || !have.Written.Equal(want.Written) {
					r.Fatalf("%q: got %v, want %v", want.Name, have.Written, want.Written)
				}
				if want.Written == nil || want.Written.names == nil {
					continue
				}
				if have.Written.names != want.Written.names {
					r.Fatalf("%q: the names are not shared any more", want.Name)
				}
				have.Written.Set("another", "x:1:1")
				if want.Written.Equal(have.Written) {
					r.Fatalf("%q: a copy is not by itself", want.Name)
				}
			}
		}
	})
}

// A copy is the caller's own: what he does to it is not seen by the next one.
func TestUnpackedIsACopy(t *testing.T) {
	packed := Pack(map[string][]string{"a": {"b"}})
	packed.Unpack()["a"][0] = "c"
	if got := packed.Unpack()["a"][0]; got != "b" {
		t.Errorf("the next copy has %q", got)
	}
}

func TestPackAnything(t *testing.T) {
	type node struct {
		Name  string
		Tags  map[string]string
		Count *int64
		Open  any
		More  []*types.ContainerDefinition
	}
	text := rapid.String()
	open := rapid.OneOf(rapid.Just[any](nil), rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SliceOf(text), func(s []string) any { return s }), rapid.Map(text, func(s string) any { return &types.KeyValuePair{Name: &s} }))
	rapid.Check(t, func(t *rapid.T) {
		in := []node{}
		for range rapid.IntRange(0, 4).Draw(t, "nodes") {
			n := node{Name: text.Draw(t, "name"), Open: open.Draw(t, "open"), Tags: rapid.MapOf(text, text).Draw(t, "tags")}
			if rapid.Bool().Draw(t, "counted") {
				n.Count = aws.Int64(rapid.Int64().Draw(t, "count"))
			}
			for range rapid.IntRange(0, 2).Draw(t, "more") {
				n.More = append(n.More, &types.ContainerDefinition{Image: aws.String(text.Draw(t, "image")), Essential: aws.Bool(rapid.Bool().Draw(t, "essential"))})
			}
			in = append(in, n)
		}
		if out := Pack(in).Unpack(); !reflect.DeepEqual(in, out) {
			t.Fatalf("got %+v, want %+v", out, in)
		}
	})
}

// What is detached holds nothing of the text that it was cut from.
func TestDetach(t *testing.T) {
	text := strings.Repeat("a", 1<<10)
	in := types.ContainerDefinition{Name: aws.String(text[:3]), Environment: []types.KeyValuePair{{Name: aws.String(text[3:5])}}}
	out := Detach(in)
	if !reflect.DeepEqual(in, out) {
		t.Errorf("got %+v, want %+v", out, in)
	}
	address := func(s string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(s))) }
	for _, s := range []string{*out.Name, *out.Environment[0].Name} {
		if at := address(s); at >= address(text) && at < address(text)+uintptr(len(text)) {
			t.Errorf("%q is a part of the text", s)
		}
	}
}

// BenchmarkUnpack is what a unit costs that is opened.
func BenchmarkUnpack(b *testing.B) {
	in := ecs.RegisterTaskDefinitionInput{Family: aws.String("web"), Cpu: aws.String("256"), Memory: aws.String("512"), NetworkMode: types.NetworkModeAwsvpc,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}}
	for range 2 {
		c := types.ContainerDefinition{Name: aws.String("web"), Image: aws.String("nginx:1.29"), Essential: aws.Bool(true), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}},
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "/ecs/web", "awslogs-region": "us-east-1"}}}
		for _, k := range []string{"STAGE", "SERVICE", "LEVEL", "URL"} {
			c.Environment = append(c.Environment, types.KeyValuePair{Name: aws.String(k), Value: aws.String("the value of " + k)})
		}
		in.ContainerDefinitions = append(in.ContainerDefinitions, c)
	}
	packed := Pack(&in)
	b.ReportAllocs()
	for b.Loop() {
		packed.Unpack()
	}
}

// What is gathered says what it said, and lies in one piece.
func TestGather(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := rapid.SliceOf(rapid.String()).Draw(r, "strings")
		have, parts := slices.Clone(want), make([]*string, len(want))
		for i := range have {
			parts[i] = &have[i]
		}
		Gather(parts...)
		if !slices.Equal(have, want) {
			r.Fatalf("%q became %q", want, have)
		}
		at := uintptr(0)
		for _, s := range have {
			if s == "" {
				continue
			}
			if begins := uintptr(unsafe.Pointer(unsafe.StringData(s))); at != 0 && begins != at {
				r.Fatalf("%q stands apart", s)
			}
			at = uintptr(unsafe.Pointer(unsafe.StringData(s))) + uintptr(len(s))
		}
	})
}
