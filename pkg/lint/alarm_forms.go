package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// What each sort of alarm is made of, by the SDK's comments on the members of
// PutMetricAlarmInput and PutCompositeAlarmInput.
var alarmFormRules = []Rule{
	{"alarm-threshold", spec.Error, "An alarm on metrics has evaluationPeriods, comparisonOperator, and a threshold, or for an anomaly band thresholdMetricId, a band's operator, and a metric of that id.",
		"correct what it is compared with", onAlarms(alarmThreshold)},
	{"alarm-promql", spec.Error, "An alarm on a PromQL query has evaluationInterval, 10, 20, 30 or a multiple of 60 seconds, and nothing that says how metrics are evaluated; no other alarm has it.",
		"correct or remove it", onAlarms(alarmPromQL)},
	{"alarm-value", spec.Error, "treatMissingData, evaluateLowSampleCountPercentile and the number of an alarm's actions are such as AWS takes.",
		"correct it", alarmValues},
	{"alarm-rule", spec.Error, "A composite alarm's rule is made of ALARM(), OK() and INSUFFICIENT_DATA() of an alarm, AT_LEAST() of several, TRUE and FALSE, with AND, OR, NOT and parentheses.",
		"correct the rule", func(v *unit, f found) {
			for _, a := range v.pages {
				if near := wrongRule(aws.ToString(a.in.AlarmRule)); near != "" {
					f(a.Object, "alarmRule", "%s", near)
				}
			}
		}},
}

// bandOperators "are used only for alarms based on anomaly detection models".
var bandOperators = []types.ComparisonOperator{types.ComparisonOperatorLessThanLowerOrGreaterThanUpperThreshold,
	types.ComparisonOperatorLessThanLowerThreshold, types.ComparisonOperatorGreaterThanUpperThreshold}

func alarmThreshold(a *alarm, f found) {
	in := a.in
	if in.EvaluationCriteria != nil {
		return
	}
	band := in.ThresholdMetricId != nil
	switch {
	case in.ComparisonOperator == "":
		f(a.Object, "", "comparisonOperator is missing")
	case slices.Contains(bandOperators, in.ComparisonOperator) != band:
		f(a.Object, "comparisonOperator", "%s is for %s", in.ComparisonOperator, map[bool]string{true: "a threshold", false: "an anomaly band, and thresholdMetricId is missing"}[band])
	}
	switch {
	case band && in.Threshold != nil:
		f(a.Object, "threshold", "thresholdMetricId stands beside it")
	case !band && in.Threshold == nil:
		f(a.Object, "", "threshold is missing")
	case band && !open(*in.ThresholdMetricId) && !slices.ContainsFunc(in.Metrics, func(m types.MetricDataQuery) bool { return aws.ToString(m.Id) == *in.ThresholdMetricId }):
		f(a.Object, "thresholdMetricId", "%q is the id of none of the metrics", *in.ThresholdMetricId)
	}
	if n := in.EvaluationPeriods; n == nil || *n < 1 {
		f(a.Object, "evaluationPeriods", "1 or more are wanted")
	}
}

func alarmPromQL(a *alarm, f found) {
	in := a.in
	if in.EvaluationCriteria == nil {
		if in.EvaluationInterval != nil {
			f(a.Object, "evaluationInterval", "belongs to evaluationCriteria")
		}
		return
	}
	for _, m := range []struct {
		path    string
		written bool
	}{
		{"threshold", in.Threshold != nil}, {"comparisonOperator", in.ComparisonOperator != ""}, {"thresholdMetricId", in.ThresholdMetricId != nil},
		{"evaluationPeriods", in.EvaluationPeriods != nil}, {"datapointsToAlarm", in.DatapointsToAlarm != nil}, {"unit", in.Unit != ""},
		{"evaluationWindow", in.EvaluationWindow != nil},
	} {
		if m.written {
			f(a.Object, m.path, "belongs to alarms on metrics")
		}
	}
	switch p := in.EvaluationInterval; {
	case p == nil:
		f(a.Object, "", "evaluationInterval is missing")
	case *p != 10 && *p != 20 && *p != 30 && (*p < 60 || *p%60 != 0):
		f(a.Object, "evaluationInterval", "%d is none", *p)
	}
}

// maxActions: "Array Members: Maximum number of 5 items" (PutMetricAlarm).
const maxActions = 5

func alarmValues(v *unit, f found) {
	for _, a := range v.alarms {
		oneOf := func(path string, value *string, valid ...string) {
			if s := aws.ToString(value); s != "" && !open(s) && !slices.Contains(valid, s) {
				f(a.Object, path, "%q is none of %s", s, strings.Join(valid, ", "))
			}
		}
		oneOf("treatMissingData", a.in.TreatMissingData, "breaching", "notBreaching", "ignore", "missing")
		oneOf("evaluateLowSampleCountPercentile", a.in.EvaluateLowSampleCountPercentile, "evaluate", "ignore")
		tooMany(a.Object, f, a.in.AlarmActions, a.in.OKActions, a.in.InsufficientDataActions)
	}
	for _, a := range v.pages {
		tooMany(a.Object, f, a.in.AlarmActions, a.in.OKActions, a.in.InsufficientDataActions)
	}
}

// ruleTokens are the words of a composite alarm's rule; a name may stand without
// quotes, and everything else is an error. AT_LEAST(2, NOT OK, (a, "b")) is there
// since November 2025 (the user guide's "Combining alarms"; aws/aws-cdk#37692).
var ruleTokens = regexp.MustCompile(`^\s*(?:(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"[^"]+"|[^\s()"][^()"]*)\s*\)|` +
	`AT_LEAST\s*\(\s*[0-9]+%?\s*,\s*(?:NOT\s+)?(?:ALARM|OK|INSUFFICIENT_DATA)\s*,\s*\(` + ruleName + `(?:,` + ruleName + `)*\)\s*\)|\b(?:TRUE|FALSE|AND|OR|NOT)\b|[()])`)

// ruleName is one name in a list of them.
const ruleName = `\s*(?:"[^"]+"|[^\s(),"][^(),"]*)\s*`

// reference is a "$(alarms.errors.name)" in a rule.
var reference = regexp.MustCompile(`\$\([^)]*\)`)

// wrongRule says what is wrong with a rule, "" for nothing: operands and operators
// take turns, and the parentheses are paired.
func wrongRule(rule string) string {
	rest, depth, operand := reference.ReplaceAllString(rule, "x"), 0, false
	for strings.TrimSpace(rest) != "" {
		token := ruleTokens.FindString(rest)
		word := strings.TrimSpace(token)
		wrong := token == ""
		switch word {
		case "AND", "OR":
			wrong, operand = !operand, false
		case "NOT":
			wrong = operand
		case "(":
			wrong, depth = operand, depth+1
		case ")":
			wrong, depth = !operand || depth == 0, depth-1
		default:
			wrong, operand = wrong || operand, true
		}
		if wrong {
			return fmt.Sprintf("is not understood at %.40q", strings.TrimSpace(rest))
		}
		rest = rest[len(token):]
	}
	switch {
	case depth > 0:
		return "lacks a closing parenthesis"
	case !operand:
		return "ends where an alarm is wanted"
	}
	return ""
}

func tooMany(o *resource.Object, f found, alarm, ok, insufficient []string) {
	for _, list := range []struct {
		path string
		n    int
	}{{"alarmActions", len(alarm)}, {"okActions", len(ok)}, {"insufficientDataActions", len(insufficient)}} {
		if list.n > maxActions {
			f(o, list.path, "%d actions are over %d", list.n, maxActions)
		}
	}
}
