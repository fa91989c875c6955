package metrics

// Doc describes one metric.
type Doc struct {
	Name   string
	Type   string // counter, gauge or histogram
	Labels []string
	Help   string
}

// Names of the metrics.
const (
	nameReconcile      = "ecs_operator_reconcile_duration_seconds"
	nameSweep          = "ecs_operator_pass_duration_seconds"
	nameDrift          = "ecs_operator_drift_total"
	nameBlocked        = "ecs_operator_blocked"
	nameCalls          = "ecs_operator_api_calls_total"
	nameThrottles      = "ecs_operator_api_throttles_total"
	nameCallDuration   = "ecs_operator_api_call_duration_seconds"
	nameBudget         = "ecs_operator_api_budget_left"
	nameRollouts       = "ecs_operator_rollouts_total"
	nameIdleWrites     = "ecs_operator_idle_writes_total"
	nameServices       = "ecs_operator_services"
	nameQueue          = "ecs_operator_queue_depth"
	nameSource         = "ecs_operator_source_info"
	nameSourceFiles    = "ecs_operator_source_files"
	nameSourceProblems = "ecs_operator_source_problems"
	nameSignature      = "ecs_operator_source_signature"
	namePanics         = "ecs_operator_panics_total"
	nameRotation       = "ecs_operator_rotation_period_seconds"
	nameHints          = "ecs_operator_hints_total"
	nameBuild          = "ecs_operator_build_info"
	nameTask           = "ecs_operator_task_info"
)

// table is the one list of metrics.
var table = []Doc{
	{nameReconcile, "histogram", []string{"result"}, "How long passes over one service took, by the reason that they ended with (Synced, RolloutInProgress, AccessDenied, …)."},
	{nameSweep, "histogram", nil, "How long full passes took: from the first read to the last service that was reconciled with it."},
	{nameDrift, "counter", []string{"service", "kind"}, "Changes made behind the operator's back, by service (cluster/name) and kind of the object."},
	{nameBlocked, "gauge", []string{"reason"}, "Steps that are held up now, by reason."},
	{nameCalls, "counter", []string{"service", "operation", "result"}, "AWS API calls by AWS service and operation; result is ok or the class of the error."},
	{nameThrottles, "counter", []string{"service", "operation"}, "AWS API calls that AWS throttled."},
	{nameCallDuration, "histogram", []string{"service"}, "How long AWS API calls took, without the wait for the operator's own budget."},
	{nameBudget, "gauge", []string{"target", "category"}, "Calls left in the operator's own budget, by target and AWS throttle category."},
	{nameRollouts, "counter", []string{"outcome"}, "Deployments that were watched to their end (Succeeded, RolledBack, Failed, Superseded)."},
	{nameIdleWrites, "counter", nil, "Writes made in a pass over an unchanged document and an unchanged world: anything but 0 is a bug."},
	{nameServices, "gauge", []string{"state"}, "Services by state (Ready, Progressing, Stalled, Drifted, Suspended, Unknown)."},
	{nameQueue, "gauge", nil, "Services that wait for a worker."},
	{nameSource, "gauge", []string{"revision"}, "1, with the source revision that is in force."},
	{nameSourceFiles, "gauge", nil, "Files in the source's latest revision."},
	{nameSourceProblems, "gauge", nil, "Errors in the source's latest revision; 1 while it cannot be read."},
	{nameSignature, "gauge", []string{"result"}, "1, with what came of the newest commit's signature: `Verified`, or why not (`NotSigned`, `UnknownKey`…); only with `--verify-signatures`."},
	{namePanics, "counter", nil, "Panics that were recovered: each is a bug, and stayed with one service."},
	{nameRotation, "gauge", []string{"target", "what"}, "How often what takes turns is read, beside what every sweep reads; not there for a fleet that is read whole each time."},
	{nameHints, "counter", []string{"from", "result"}, "Webhooks (github, gitlab, bitbucket, generic) and messages of the queue of events (queue) by what became of them: accepted, ping, ignored, refused, limited."},
	{nameBuild, "gauge", []string{"version", "commit", "go"}, "1, with the version that runs."},
	{nameTask, "gauge", []string{"cluster", "service", "task", "family", "revision", "zone", "region"}, "1, with the ECS task that the operator runs in; not there outside of ECS."},
}

// Docs returns the table, for the documentation page.
func Docs() []Doc {
	out := make([]Doc, len(table))
	copy(out, table)
	return out
}
