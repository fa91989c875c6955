package kinds

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// sequences are lists whose order means something, or of which there is only
// one element.
var sequences = map[string][]string{
	resource.KindTaskDefinition: {
		"containerDefinitions[].command", "containerDefinitions[].entryPoint", "containerDefinitions[].healthCheck.command",
		"containerDefinitions[].dnsServers", "containerDefinitions[].dnsSearchDomains",
		"containerDefinitions[].environmentFiles", // of one variable in two files the first wins
		"inferenceAccelerators",                   // ignored
	},
	resource.KindService: {"placementStrategy"},
	resource.KindListenerRule: {
		"actions", "transforms", // done in turn
		"transforms[].hostHeaderRewriteConfig.rewrites", "transforms[].urlRewriteConfig.rewrites",
		"conditions[].values", "conditions[].regexValues", // folded into the configurations
		"actions[].jwtValidationConfig.additionalClaims[].values",
	},
	resource.KindScalingPolicy: {"predictiveScalingPolicyConfiguration.metricSpecifications"}, // AWS takes one
}

// tablesOf are the rules of every kind, the widest where they depend on the input.
func tablesOf() map[string]*diff.Rules {
	return map[string]*diff.Rules{
		resource.KindService: serviceRules(&ecs.CreateServiceInput{}), resource.KindTaskDefinition: &taskRules,
		resource.KindTargetGroup:  targetGroupRules(&elasticloadbalancingv2.CreateTargetGroupInput{}),
		resource.KindListenerRule: &ruleRules, resource.KindScalableTarget: &scalableTargetRules,
		resource.KindScalingPolicy: &scalingPolicyRules, resource.KindScheduledAction: &scheduledActionRules, resource.KindAlarm: &alarmRules,
	}
}

// places walks an input type: every path in it, index-free, with its type.
func places(t reflect.Type, path string, into map[string]reflect.Type) {
	t = shape.Deref(t)
	if strings.Count(path, ".") > 12 {
		return // no input nests so deep: a circle of types
	}
	switch t.Kind() {
	case reflect.Struct:
		if shape.IsTime(t) {
			return
		}
		for _, f := range shape.Fields(t) {
			p := shape.Join(path, f.Name)
			into[p] = f.Type
			places(f.Type, p, into)
		}
	case reflect.Slice:
		places(t.Elem(), path+"[]", into)
	case reflect.Map:
		into[path+"[]"] = t.Elem()
	}
}

// TestEveryListIsClassified: a list that an SDK bump brings must be told apart:
// keyed, a set, or a sequence. And no table names what the input does not have.
func TestEveryListIsClassified(t *testing.T) {
	tables := tablesOf()
	for _, k := range All(nil) {
		r := tables[k.Name()]
		if r == nil {
			t.Errorf("no rules known of %s", k.Name())
			continue
		}
		have := map[string]reflect.Type{}
		places(reflect.TypeOf(k.Section().New()), "", have)
		for name, v := range k.Section().Extra {
			have[name] = reflect.TypeOf(v)
		}
		for _, path := range slices.Sorted(maps.Keys(have)) {
			if shape.Deref(have[path]).Kind() != reflect.Slice || strings.HasPrefix(path, "tags") {
				continue
			}
			_, keyed := r.Keys[path]
			classes := 0
			for _, is := range []bool{keyed, r.Sets[path], slices.Contains(sequences[k.Name()], path)} {
				if is {
					classes++
				}
			}
			if classes != 1 {
				t.Errorf("%s: the list %s has %d classes", k.Name(), path, classes)
			}
		}
		known := func(table, path string) {
			if strings.Contains(path, "attributes[") || path == "" {
				return
			}
			if _, ok := have[path]; !ok {
				t.Errorf("%s: %s names %s, which the input does not have", k.Name(), table, path)
			}
		}
		for p := range r.Keys {
			known("Keys", p)
		}
		for p := range r.Sets {
			known("Sets", p)
		}
		for p := range r.Defaults {
			known("Defaults", p)
		}
		for p := range r.Inherits {
			known("Inherits", p)
		}
		for p := range r.Ignored {
			known("Ignored", p)
		}
		for p := range r.Effects {
			known("Effects", p)
		}
		for p := range r.Absent {
			known("Absent", p)
		}
		for _, p := range k.Section().Required {
			known("Required", p)
		}
		for _, p := range k.Section().Frame {
			known("Frame", p)
		}
		for p := range k.Section().Sugar {
			known("Sugar", p)
		}
	}
}
