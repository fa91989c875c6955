package shape

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// moduleSource is the source of a module as the build uses it.
func moduleSource(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil || strings.TrimSpace(string(out)) == "" {
		t.Skipf("no source of %s here: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

var memberLine = regexp.MustCompile(`= (\w+)\.AddMember\("([^"]+)"`)

// ECS' wire names are what the console and the CLI show, and what task
// definition JSON is written in: SpecName must give exactly them. The SDK's
// schemas hold them.
func TestSpecNameIsTheWireNameOfECS(t *testing.T) {
	file := filepath.Join(moduleSource(t, "github.com/aws/aws-sdk-go-v2/service/ecs"), "schemas", "schemas.go")
	source, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("the SDK has no schemas any more: %v", err)
	}
	wire := map[string]map[string]bool{}
	for _, m := range memberLine.FindAllStringSubmatch(string(source), -1) {
		if wire[m[1]] == nil {
			wire[m[1]] = map[string]bool{}
		}
		wire[m[1]][m[2]] = true
	}
	seen, fields := map[reflect.Type]bool{}, 0
	var walk func(t reflect.Type)
	check := func(typ reflect.Type) {
		members := wire[typ.Name()]
		if members == nil {
			members = wire[strings.Replace(typ.Name(), "Input", "Request", 1)]
		}
		if members == nil {
			t.Errorf("the schemas have no shape %s", typ.Name())
			return
		}
		for _, f := range Fields(typ) {
			fields++
			if !members[f.Name] {
				t.Errorf("%s.%s: SpecName is %q, which is not among the wire names", typ.Name(), f.GoName, f.Name)
			}
			walk(f.Type)
		}
	}
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Struct && !IsTime(typ) && !seen[typ] {
			seen[typ] = true
			check(typ)
		}
	}
	walk(reflect.TypeFor[ecs.RegisterTaskDefinitionInput]())
	walk(reflect.TypeFor[ecs.CreateServiceInput]())
	walk(reflect.TypeFor[ecs.UpdateServiceInput]())
	if fields < 250 {
		t.Errorf("only %d fields were compared: the walk is broken", fields)
	}
}

// CloudWatch's wire names are the SDK's own, which is why Find takes those too.
func TestFindTakesTheWireNamesOfCloudWatch(t *testing.T) {
	typ := reflect.TypeFor[cloudwatch.PutMetricAlarmInput]()
	for name, want := range map[string]string{
		"OKActions": "okActions", "okActions": "okActions", "okactions": "okActions", "AlarmName": "alarmName", "ALARMNAME": "alarmName",
	} {
		f, exact, ok := Find(typ, name)
		if !ok || f.Name != want || exact != (name == want) {
			t.Errorf("Find(%q) = %q, exact %t, %t", name, f.Name, exact, ok)
		}
	}
	if f, _, ok := Find(typ, "alarm"); ok {
		t.Errorf("a beginning of a name finds %s", f.Name)
	}
}
