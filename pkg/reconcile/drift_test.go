package reconcile

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// scale is a person at the console.
func (w *world) scale(service string, n int32) {
	w.t.Helper()
	_, err := w.person().Write.ECS.UpdateService(w.t.Context(), &ecs.UpdateServiceInput{Service: aws.String(service), DesiredCount: aws.Int32(n)})
	w.ok(err)
}
