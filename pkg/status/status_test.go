package status_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// reasons reads the constants from the source: the list that nobody can forget
// to extend.
func reasons(t *testing.T) []status.Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "status.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []status.Reason
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			continue
		}
		for _, s := range decl.Specs {
			v := s.(*ast.ValueSpec)
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Reason" {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				if text != v.Names[0].Name {
					t.Errorf("the reason %s reads %q", v.Names[0].Name, text)
				}
				out = append(out, status.Reason(text))
			}
		}
	}
	if len(out) < 25 {
		t.Fatalf("found only %d reasons", len(out))
	}
	return out
}

// The page says of every reason what it means and what to do, and gives the
// exit code that the program gives.
func TestReasonsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[status.Reason][]string{}
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if m := regexp.MustCompile("^`([A-Za-z]+)`$").FindStringSubmatch(cells[0]); m != nil {
			if rows[status.Reason(m[1])] != nil {
				t.Errorf("docs/reasons.md has %s twice", m[1])
			}
			rows[status.Reason(m[1])] = cells
		}
	}
	for _, r := range reasons(t) {
		row := rows[r]
		switch {
		case row == nil:
			t.Errorf("docs/reasons.md does not say what %s means", r)
		case len(row) != 4 || len(row[2]) < 20 || len(row[3]) < 5:
			t.Errorf("docs/reasons.md says too little of %s: %q", r, row)
		case row[1] != fmt.Sprint(r.Exit()):
			t.Errorf("docs/reasons.md: %s exits with %s, the program with %d", r, row[1], r.Exit())
		}
		delete(rows, r)
	}
	for r := range rows {
		t.Errorf("docs/reasons.md has %s, the program does not", r)
	}
}

func TestExit(t *testing.T) {
	for r, want := range map[status.Reason]int{
		"": 0, status.Synced: 0,
		status.Reconciling: 1, status.RolloutInProgress: 1, status.DependencyMissing: 1, status.ClusterMissing: 1,
		status.AccessDenied: 1, status.Throttled: 1, status.Unobserved: 1, status.ChangedSincePlanned: 1,
		status.DeploymentRunning: 1, status.AbsenceGrace: 1, status.Draining: 1, status.Waiting: 1, status.DriftGrace: 1, status.OutcomeUnknown: 1,
		status.InvalidSpec: 2, status.DuplicateIdentity: 2, status.NameConflict: 2, status.RefusedByAWS: 2, status.InternalError: 2,
		status.ManualMode: 3, status.ObserveMode: 3, status.Suspended: 3, status.OnHold: 3,
		status.NeedsRecreate: 3, status.NeedsApproval: 3, status.Contested: 3, status.NotOurs: 3, status.OtherScope: 3,
		status.TimedOut:      4,
		status.RolloutFailed: 5, status.RolledBack: 5, status.Quarantined: 5, status.RollingBack: 5,
	} {
		if got := r.Exit(); got != want {
			t.Errorf("%s exits with %d, want %d", r, got, want)
		}
	}
}

// The worst wins in the order 2, 5, 3, 4, 1, 0, however many there are.
func TestWorstExit(t *testing.T) {
	if got := status.WorstExit(); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
	order := []int{2, 5, 3, 4, 1, 0}
	for i, worse := range order {
		for _, better := range order[i:] {
			for _, codes := range [][]int{{worse, better}, {better, worse}, {0, better, worse, better}} {
				if got := status.WorstExit(codes...); got != worse {
					t.Errorf("WorstExit(%v) = %d, want %d", codes, got, worse)
				}
			}
		}
	}
	if got := status.WorstExit(1, 4, 3, 5, 2, 0); got != 2 {
		t.Errorf("of all: %d", got)
	}
}
