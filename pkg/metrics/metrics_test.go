package metrics

import (
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// everything makes one of every observation.
func everything(m *Metrics) {
	unit := resource.UnitKey{Target: "default", Cluster: "main", Name: "web"}
	m.Reconciled(unit, status.Synced, 300*time.Millisecond)
	m.Drift(unit, resource.KindAlarm)
	m.Drift(unit, resource.KindAlarm)
	m.Blocked(map[status.Reason]int{status.Suspended: 2})
	m.Rollout(resource.DeploymentRolledBack)
	m.IdleWrites(3)
	m.Services(map[status.State]int{status.StateReady: 2, status.StateStalled: 1})
	m.QueueDepth(4)
	m.Passed(3 * time.Second)
	m.SourceLoaded("dir-0a1b2c", 7, 1)
	m.Signature("NotSigned")
	m.Signature("UnknownKey")
	m.Panic()
	m.Hint("github", "accepted")
	m.Rotation("default", "tags", 8*time.Minute)
	m.ObserveCall("ecs", "DescribeServices", "ok", false, 20*time.Millisecond)
	m.ObserveCall("ecs", "DescribeServices", "throttled", true, 20*time.Millisecond)
	m.Build("v1.2.3", "abcdef")
	m.Task(Task{Cluster: "main", Service: "ecs-operator", ID: "0a1b", Family: "ecs-operator", Revision: "7", Zone: "eu-west-1a", Region: "eu-west-1"})
	m.WatchBudgets(func() []Budget {
		return []Budget{{Target: "default", Category: "ecs service read", Left: 24.5}}
	})
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	b, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != 200 {
		t.Fatalf("scrape: %d, %v", w.Code, err)
	}
	return string(b)
}

func TestEveryMetricIsCounted(t *testing.T) {
	m := New(prometheus.NewRegistry())
	everything(m)
	text := scrape(t, m)
	for _, line := range []string{
		`ecs_operator_reconcile_duration_seconds_count{result="Synced"} 1`,
		`ecs_operator_pass_duration_seconds_sum 3`,
		`ecs_operator_reconcile_duration_seconds_bucket{result="Synced",le="0.25"} 0`,
		`ecs_operator_reconcile_duration_seconds_bucket{result="Synced",le="0.5"} 1`,
		`ecs_operator_drift_total{kind="alarm",service="main/web"} 2`,
		`ecs_operator_blocked{reason="Suspended"} 2`,
		`ecs_operator_api_calls_total{operation="DescribeServices",result="ok",service="ecs"} 1`,
		`ecs_operator_api_calls_total{operation="DescribeServices",result="throttled",service="ecs"} 1`,
		`ecs_operator_api_throttles_total{operation="DescribeServices",service="ecs"} 1`,
		`ecs_operator_api_call_duration_seconds_count{service="ecs"} 2`,
		`ecs_operator_api_budget_left{category="ecs service read",target="default"} 24.5`,
		`ecs_operator_rollouts_total{outcome="RolledBack"} 1`,
		`ecs_operator_idle_writes_total 3`,
		`ecs_operator_services{state="Ready"} 2`,
		`ecs_operator_services{state="Stalled"} 1`,
		`ecs_operator_services{state="Drifted"} 0`,
		`ecs_operator_queue_depth 4`,
		`ecs_operator_source_info{revision="dir-0a1b2c"} 1`,
		`ecs_operator_source_files 7`,
		`ecs_operator_source_problems 1`,
		`ecs_operator_source_signature{result="UnknownKey"} 1`,
		`ecs_operator_panics_total 1`,
		`ecs_operator_hints_total{from="github",result="accepted"} 1`,
		`ecs_operator_task_info{cluster="main",family="ecs-operator",region="eu-west-1",revision="7",service="ecs-operator",task="0a1b",zone="eu-west-1a"} 1`,
		`ecs_operator_rotation_period_seconds{target="default",what="tags"} 480`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	if !regexp.MustCompile(`ecs_operator_build_info\{commit="abcdef",go="go[^"]+",version="v1.2.3"\} 1`).MatchString(text) {
		t.Error("missing: build_info")
	}
}

func TestWhatIsOverIsForgotten(t *testing.T) {
	m := New(prometheus.NewRegistry())
	everything(m)
	m.Blocked(map[status.Reason]int{status.OnHold: 1})
	m.SourceUnread()
	if text := scrape(t, m); !strings.Contains(text, "ecs_operator_source_problems 1\n") || !strings.Contains(text, "dir-0a1b2c") {
		t.Errorf("a source that cannot be read:\n%s", text)
	}
	m.SourceLoaded("dir-ffffff", 1, 0)
	text := scrape(t, m)
	for _, gone := range []string{`reason="Suspended"`, `revision="dir-0a1b2c"`} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	if !strings.Contains(text, "ecs_operator_source_problems 0\n") {
		t.Error("the problems are not 0")
	}
}

// The table is what the documentation shows: it must have every metric that is
// served, with its type, and none that is not.
func TestTableIsWhatIsServed(t *testing.T) {
	m := New(prometheus.NewRegistry())
	everything(m)
	served := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(scrape(t, m), -1) {
		served[match[1]] = match[2]
	}
	for _, d := range Docs() {
		if served[d.Name] != d.Type {
			t.Errorf("%s is served as %q and documented as %q", d.Name, served[d.Name], d.Type)
		}
		if d.Help == "" {
			t.Errorf("%s has no help", d.Name)
		}
		delete(served, d.Name)
	}
	for name := range served {
		if strings.HasPrefix(name, "ecs_operator_") {
			t.Errorf("%s is not in the table", name)
		}
	}
}
