package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Revisions that no deployment refers to are put away after a rollout that
// succeeded, down to policy.keepRevisions; those that one refers to stay, and a
// revert to one of them registers nothing.
func TestRetention(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		doc := func(image string) string { return hello("hello", image, "  policy: {keepRevisions: 3}") }
		w.files.put("hello.yaml", doc("nginx:1"))
		w.wait(w.engine())
		// Revisions with our tags that were registered and never deployed, as crashes leave them.
		tags, err := w.person().Read.ECS.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("default-hello:1"), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
		w.ok(err)
		for i := range 6 {
			in := &ecs.RegisterTaskDefinitionInput{Family: aws.String("default-hello"), ContainerDefinitions: slices.Clone(tags.TaskDefinition.ContainerDefinitions), Tags: tags.Tags}
			in.ContainerDefinitions[0].Image = aws.String(fmt.Sprintf("nginx:never-%d", i))
			_, err := w.person().Write.ECS.RegisterTaskDefinition(t.Context(), in)
			w.ok(err)
		}
		w.files.put("hello.yaml", doc("nginx:2"))
		mark := w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		var gone []string
		for _, line := range w.writes(mark) {
			if name, ok := strings.CutPrefix(line, "DeregisterTaskDefinition "); ok {
				gone = append(gone, name[strings.LastIndexByte(name, ':')+1:])
			}
		}
		slices.Sort(gone)
		// 8 runs; it and 7 and 6 are the newest three; 1 stands in the history.
		if !slices.Equal(gone, []string{"2", "3", "4", "5"}) {
			t.Errorf("deregistered %v, want 2 to 5\n%s", gone, w.story())
		}
		w.files.put("hello.yaml", doc("nginx:1"))
		mark = w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		for _, line := range w.writes(mark) {
			if strings.HasPrefix(line, "Register") {
				t.Errorf("a revert registered a revision: %s", line)
			}
		}
		mark = w.mark()
		w.wait(w.engine())
		w.quiet(mark, "afterwards")
	})
}

// Services that roll out at once put their revisions away each for itself: the census is
// one list for all of them.
func TestRetentionOfSeveral(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		names := []string{"one", "other"}
		put := func(image string) {
			for _, name := range names {
				w.files.put(name+".yaml", hello(name, image, "  policy: {keepRevisions: 2}"))
			}
			w.wait(w.engine())
		}
		put("nginx:1")
		for _, name := range names {
			of, err := w.person().Read.ECS.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("default-" + name + ":1"), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
			w.ok(err)
			for i := range 3 { // as crashes leave them
				in := &ecs.RegisterTaskDefinitionInput{Family: aws.String("default-" + name), ContainerDefinitions: slices.Clone(of.TaskDefinition.ContainerDefinitions), Tags: of.Tags}
				in.ContainerDefinitions[0].Image = aws.String(fmt.Sprintf("nginx:never-%d", i))
				_, err := w.person().Write.ECS.RegisterTaskDefinition(t.Context(), in)
				w.ok(err)
			}
		}
		mark := w.mark()
		put("nginx:2")
		var gone []string
		for _, line := range w.writes(mark) {
			if name, ok := strings.CutPrefix(line, "DeregisterTaskDefinition "); ok {
				gone = append(gone, name[strings.LastIndexByte(name, '/')+1:])
			}
		}
		slices.Sort(gone)
		// 5 runs; it and 4 are the newest two; 1 stands in the history.
		if want := []string{"default-one:2", "default-one:3", "default-other:2", "default-other:3"}; !slices.Equal(gone, want) {
			t.Errorf("deregistered %v, want %v\n%s", gone, want, w.story())
		}
	})
}
