package awsclient

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// TestTroubleIsNoAbsence: an answer of 5xx never says that a thing is not there,
// whatever code stands in it. (FuzzAnswers of pkg/kinds found one.)
func TestTroubleIsNoAbsence(t *testing.T) {
	for _, r := range rules {
		if r.class != resource.ClassNotFound {
			continue
		}
		service, code := r.service, r.code
		if got := byCode(service, code, r.fragment, 400); got != resource.ClassNotFound {
			t.Errorf("%s %s by 400: %s", service, code, got)
		}
		if got := byCode(service, code, r.fragment, 503); got != resource.ClassUnknownOutcome {
			t.Errorf("%s %s by 503: %s", service, code, got)
		}
	}
}
