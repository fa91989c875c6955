package resource

import (
	"maps"
	"slices"
	"strings"
)

// Party is another program that a live object is under.
type Party struct {
	// Tool names it as `handover --to` does: cloudformation, terraform, copilot,
	// pipecd, codedeploy, external, express; "other" for any that a tag names.
	Tool string
	// Words say it to people: `the CloudFormation stack "shop-prod"`.
	Words string
	// Tag is what gave it away, "" where it is no tag.
	Tag string
}

// The tools of Party.
const (
	ToolCloudFormation = "cloudformation"
	ToolTerraform      = "terraform"
	ToolCopilot        = "copilot"
	ToolPipeCD         = "pipecd"
	ToolCodeDeploy     = "codedeploy"
	ToolExternal       = "external"
	ToolExpress        = "express"
	ToolOther          = "other"
)

// Under are the programs that a live object is under beside us, the one that
// decides first in front: who controls its deployments, then whose tags it
// carries. AWS writes some of these tags (aws:cloudformation:*), the tools
// themselves others (copilot-*, pipecd-dev-*); those of Terraform are a habit of
// people, which many modules share.
func Under(l Live) []Party {
	var out []Party
	if l.Service != nil {
		if p, ok := controllers[l.Service.ForeignController]; ok {
			out = append(out, p)
		}
	}
	for _, of := range []func(map[string]string) (Party, bool){copilotTags, stackTags, pipecdTags, managedTags} {
		if p, ok := of(l.Tags); ok && !slices.ContainsFunc(out, func(o Party) bool { return o.Tool == p.Tool }) {
			out = append(out, p)
		}
	}
	return out
}

// Controllers of ECS services that are not ECS' own, as ServiceState has them.
const (
	ControllerCodeDeploy = "CODE_DEPLOY"
	ControllerExternal   = "EXTERNAL"
	ControllerExpress    = "ECS Express Mode"
)

var controllers = map[string]Party{
	ControllerCodeDeploy: {Tool: ToolCodeDeploy, Words: "AWS CodeDeploy, which makes its deployments (deploymentController CODE_DEPLOY)"},
	ControllerExternal:   {Tool: ToolExternal, Words: "a program that makes its deployments in task sets (deploymentController EXTERNAL)"},
	ControllerExpress:    {Tool: ToolExpress, Words: "ECS Express Mode, which makes its load balancer, scaling and deployments"},
}

// copilotTags: copilot-application, -environment and -service stand on all that
// Copilot makes, beside those of the stack that it makes it with.
func copilotTags(tags map[string]string) (Party, bool) {
	app := tags["copilot-application"]
	if app == "" {
		return Party{}, false
	}
	parts := []string{app}
	for _, k := range []string{"copilot-environment", "copilot-service"} {
		if tags[k] != "" {
			parts = append(parts, tags[k])
		}
	}
	return Party{Tool: ToolCopilot, Words: `AWS Copilot ("` + strings.Join(parts, "/") + `")`, Tag: "copilot-application"}, true
}

func stackTags(tags map[string]string) (Party, bool) {
	const name = "aws:cloudformation:stack-name"
	if stack := tags[name]; stack != "" {
		return Party{Tool: ToolCloudFormation, Words: `the CloudFormation stack "` + stack + `"`, Tag: name}, true
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if strings.HasPrefix(k, "aws:cloudformation:") {
			return Party{Tool: ToolCloudFormation, Words: "a CloudFormation stack", Tag: k}, true
		}
	}
	return Party{}, false
}

// pipecdTags: PipeCD's ECS provider puts pipecd-dev-managed-by on the service.
func pipecdTags(tags map[string]string) (Party, bool) {
	const managed = "pipecd-dev-managed-by"
	if tags[managed] == "" {
		return Party{}, false
	}
	words := "PipeCD"
	if app := tags["pipecd-dev-application"]; app != "" {
		words += ` (application "` + app + `")`
	}
	return Party{Tool: ToolPipeCD, Words: words, Tag: managed}, true
}

// managers are the keys, without case, dashes and the like, under which people
// write which program manages a thing.
var managers = map[string]bool{
	"managedby": true, "manager": true, "provisioner": true, "provisionedby": true, "provisionedwith": true, "createdby": true,
	"createdwith": true, "deployedby": true, "deployedwith": true, "iac": true, "iactool": true, "infrastructureascode": true, "tool": true,
}

// managedTags: terraform = true, ManagedBy = Terraform, Terraform:Module = …, and
// the same of other programs. Our own name in them says nothing.
func managedTags(tags map[string]string) (Party, bool) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		key, value := plainWord(k), plainWord(tags[k])
		shown := `(tag ` + k + ` = "` + tags[k] + `")`
		if len(tags[k]) > 40 {
			shown = "(tag " + k + ")"
		}
		switch {
		case strings.HasPrefix(k, TagPrefix) || strings.HasPrefix(k, "aws:"):
		case strings.HasPrefix(key, "terraform") || strings.HasPrefix(key, "opentofu"):
			if value != "false" && value != "no" && value != "0" {
				return Party{Tool: ToolTerraform, Words: "Terraform " + shown, Tag: k}, true
			}
		case managers[key] && (strings.Contains(value, "terraform") || strings.Contains(value, "opentofu") || value == "tf"):
			return Party{Tool: ToolTerraform, Words: "Terraform " + shown, Tag: k}, true
		case key == "managedby" && value != "" && !strings.Contains(value, "ecsoperator"):
			return Party{Tool: ToolOther, Words: `"` + tags[k] + `" (tag ` + k + `)`, Tag: k}, true
		}
	}
	return Party{}, false
}

// plainWord is a word without case and punctuation: "Managed-By" is "managedby".
func plainWord(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// Untaggable reports whether an ARN is of the short form that services had before
// 2018 (arn:…:service/NAME, without the cluster). AWS refuses any tag on it: "Long
// arn format must be used for tagging operations".
func Untaggable(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "ecs" {
		return false
	}
	name, ok := strings.CutPrefix(parts[5], "service/")
	return ok && !strings.Contains(name, "/")
}
