package main

import (
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
)

// FuzzSavedPlan (F-plan): whatever stands in the file of apply --plan, it is refused
// in one message, or every service of it has a plan whose seal holds.
func FuzzSavedPlan(f *testing.F) {
	for _, s := range []string{
		"", "null", "[]", "{", `{"apiVersion": "` + diffVersion + `"}`, `{"apiVersion": "` + diffVersion + `", "services": []}`,
		`{"apiVersion": "` + diffVersion + `", "services": [{"name": "a", "cluster": "default", "target": "default", "plan": {"hash": "0", "steps": [{"kind": "service", "action": "create"}]}}]}`,
		`{"apiVersion": "` + diffVersion + `", "services": [{"name": 1}]}`, `{"apiVersion": "ecs-operator/v1", "services": [null]}`, strings.Repeat("[", 10_000),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frugal.Input(t, func() {
			p := &savedPlan{name: "plan.json"}
			err := p.decode(data)
			if err == nil {
				err = p.check()
			}
			if err != nil {
				if strings.ContainsAny(err.Error(), "\x00\x1b\r") || strings.Contains(err.Error(), "%!") {
					t.Errorf("the message is %q", err)
				}
				return
			}
			for _, s := range p.Services {
				if _, sealed := p.seals[s.key()]; !sealed || s.Plan == nil || !s.Plan.Whole() {
					t.Errorf("%s is taken without a whole plan", s.key())
				}
			}
		})
	})
}
