package audit

import (
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Of makes the record of an attempt; false for a read, and for what was never sent.
func Of(call awsclient.Call) (Record, bool) {
	if !call.Write || !call.Sent {
		return Record{}, false
	}
	from := call.Origin
	r := Record{Time: time.Now().UTC(), Outcome: OK, Action: from.Action, Operation: call.Service + ":" + call.Operation,
		Target: call.Target, Cluster: from.Unit.Cluster, Service: from.Unit.Name, ARN: from.ARN, Source: from.Pos,
		Revision: from.Revision, Ref: from.Ref, Signer: from.Signer, PlanHash: from.Plan, RequestID: call.RequestID,
		Milliseconds: call.Duration.Milliseconds(), Owner: from.Owner, Scope: from.Scope, Command: from.Command, Who: from.Who}
	if from.ID != (resource.ID{}) {
		r.Resource = from.ID.Local()
	}
	if call.Err != nil {
		class := resource.ClassOf(call.Err)
		if r.Outcome = class.String(); class == resource.ClassUnknownOutcome {
			r.Outcome = Unknown
		}
		r.Error = strings.Join(strings.Fields(call.Err.Error()), " ")
	}
	return r, true
}
