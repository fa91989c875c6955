package sweep

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// documents are files of specs, by path.
type documents map[string]string

// scenario is an AWS and what changes in it.
type scenario struct {
	name     string
	before   documents     // in force and settled before the swept part; nil for none
	past     documents     // in force after before, until the rollout had begun; nil for none
	away     time.Duration // how long there was no operator after that
	people   func(h human) // what people did to AWS before it, after the documents settled
	after    documents     // what the operator finds at its start; nil: as before
	acts     []act         // what happens in the course of it
	prune    bool          // --prune
	verify   bool          // rollouts are verified before they start
	diff     bool          // nobody applies anything: diff is run again and again
	saved    bool          // what diff said of after, before people came, is carried out again and again
	shuffled bool          // AWS gives the variables and secrets of a container in another order than it was given them
	resync   time.Duration // the operators', 0 for the usual
	rollouts int           // --max-concurrent-rollouts
	within   time.Duration // that the reference may take, where that is a promise; 0: longest
	second   bool          // there is a second account, as target second

	// slack are writes that a case may make more often than the reference, because people
	// give their word as often as it takes.
	slack map[string]int

	// timed: what people do in it, or still have to say, hangs on what the operator has come
	// to by then, so that others who meddle, clocks and a source that is away make another
	// story of it.
	timed bool

	// wall is the scenario where the operator is a process (suite C), nil for as it is: what
	// hangs on its clock, the one on the wall.
	wall *wall

	// rest is how each service stands at the end, by name. Services that are gone are
	// not in it.
	rest map[string]status.Reason
}

// wall is what a scenario has otherwise where the program goes by the clock on the wall,
// and its AWS by a faster one.
type wall struct {
	speed float64        // of the AWS; 0 for the usual
	grace time.Duration  // --absence-grace; 0 for the usual
	edit  []string       // old and new texts of all documents
	begin func(h human)  // what people do right before the program begins
	slack map[string]int // beside the scenario's: what it may make once more, as chance would have it
}

// told is the answer to a call, fault included, as AWS has it in this scenario. ECS keeps
// no order of what has names.
func (s *scenario) told(c sandbox.Call, f *sandbox.Fault) *sandbox.Fault {
	if !s.shuffled || c.Operation != "DescribeTaskDefinition" || f != nil && (f.Code != "" || f.Drop) {
		return f
	}
	out := sandbox.Fault{}
	if f != nil {
		out = *f
	}
	before := out.Rewrite
	out.Rewrite = func(v any) {
		if before != nil {
			before(v)
		}
		o, ok := v.(*ecs.DescribeTaskDefinitionOutput)
		if !ok || o.TaskDefinition == nil {
			return
		}
		d := *o.TaskDefinition // the world's own stays
		d.ContainerDefinitions = slices.Clone(d.ContainerDefinitions)
		for i := range d.ContainerDefinitions {
			x := &d.ContainerDefinitions[i]
			x.Environment, x.Secrets = slices.Clone(x.Environment), slices.Clone(x.Secrets)
			slices.Reverse(x.Environment)
			slices.Reverse(x.Secrets)
		}
		o.TaskDefinition = &d
	}
	return &out
}

// act is what happens so long after the start of the swept part. What fails is tried
// again until it succeeds.
type act struct {
	after time.Duration
	do    func(h human) error
}

// scenarios are all of them, in the order of the report.
func scenarios() []*scenario {
	var all []*scenario
	for _, list := range [][]*scenario{createScenarios(), changeScenarios(), aroundScenarios(), goneScenarios(), courseScenarios(), wordScenarios(), pastScenarios()} {
		all = append(all, list...)
	}
	return all
}
