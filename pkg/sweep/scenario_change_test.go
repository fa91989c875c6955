package sweep

import "github.com/ecs-operator/ecs-operator/pkg/status"

// change is a scenario in which one document changes, and its service is Synced at the end.
func change(name, of, before, after string) *scenario {
	return &scenario{name: name, before: documents{of + ".yaml": before}, after: documents{of + ".yaml": after}, rest: stand(of, status.Synced)}
}

// migrates is a hook before the deployment.
const migrates = `  hooks:
    preDeploy:
      migrate: {overrides: {containerOverrides: [{name: web, command: [./migrate, up]}]}, timeout: 10m}
`

// changeScenarios are services that change in place.
func changeScenarios() []*scenario {
	plain := hello("hello")
	secret := edit(plain, "    containerDefinitions:", "    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole\n    containerDefinitions:",
		"environment: {", "secrets: {KEY: arn:aws:secretsmanager:us-east-1:123456789012:secret:key-AbCdEf}, environment: {MODE: fast, ",
		"API_TOKEN: "+canary, "API_TOKEN: "+canary+"-2") + migrates
	verified := change("new-env-secret", "hello", plain, secret)
	verified.verify, verified.shuffled = true, true
	back := change("rolled-back", "hello", plain, edit(plain, "nginx:1.29", "nginx:crash"))
	back.rest = stand("hello", status.RolledBack)
	return []*scenario{
		change("new-image", "hello", plain, policy(edit(plain, "nginx:1.29", "nginx:1.30"), "keepRevisions: 1")),
		verified,
		change("scale-up", "hello", plain, edit(plain, "desiredCount: 2", "desiredCount: 4")),
		change("scale-down", "hello", plain, edit(plain, "desiredCount: 2", "desiredCount: 1")),
		change("breaker-ok", "web", web, edit(web, "nginx:1.29", "nginx:1.30")),
		back,
		change("blue-green", "web", coloured, edit(coloured, "nginx:1.29", "nginx:1.30")),
		change("line-deleted", "web", connected, edit(connected, meshed, "", "nginx:1.29", "nginx:1.30")), // that the line was there, the content hash alone tells
		change("family", "hello", plain, edit(plain, "  taskDefinition:\n", "  taskDefinition:\n    family: renamed\n")),
	}
}

// prune lets a document delete what it no longer has.
func prune(text string) string { return policy(text, "prune: true") }

// aroundScenarios change what stands around a service.
func aroundScenarios() []*scenario {
	plain, alarmed, scaled := hello("hello"), hello("hello", alarm), hello("hello", scaling)
	slow := edit(web, "healthCheckIntervalSeconds: 6", "healthCheckIntervalSeconds: 50") // the new group serves long after its tasks run
	return []*scenario{
		change("rule-change", "web", web, edit(web, `"/a/*"`, `"/a/*", "/b/*"`)),
		change("group-replace", "web", slow, edit(slow, "protocol: HTTP, port: 80", "protocol: HTTP, port: 8080")),
		change("alarm-add", "hello", plain, alarmed),
		change("alarm-change", "hello", alarmed, edit(alarmed, "threshold: 90", "threshold: 80")),
		change("alarm-remove", "hello", prune(alarmed), prune(plain)),
		change("scaling-add", "hello", plain, scaled),
		change("scaling-change", "hello", scaled, edit(scaled, "targetValue: 60", "targetValue: 70", "maxCapacity: 6", "maxCapacity: 8")),
		change("scaling-remove", "hello", prune(scaled), prune(plain)),
	}
}
