package reconcile

import (
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// moving is a service on Fargate, which any cluster has.
func moving(image string) string {
	from, to := strings.Index(web, "  targetGroups:"), strings.Index(web, "  service:")
	doc := web[:from] + web[to:strings.Index(web, "  scaling:")]
	doc = strings.Replace(doc, `    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]`+"\n", "", 1)
	return strings.NewReplacer("metadata: {name: web}", "metadata: {name: hello}", "nginx:1.29", image).Replace(doc)
}

// elsewhere makes a second cluster, and gives a document as it is there.
func (w *world) elsewhere(doc string) string {
	w.t.Helper()
	_, err := w.person().Write.ECS.CreateCluster(w.t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("elsewhere")})
	w.ok(err)
	return strings.Replace(doc, "cluster: default", "cluster: elsewhere", 1)
}

// healthyAt is how many tasks of a service ECS has that run.
func healthyAt(v *sandbox.World, cluster, name string) (n int32) {
	if c := v.ECS.Clusters[cluster]; c != nil && c.Services[name] != nil && aws.ToString(c.Services[name].Service.Status) == "ACTIVE" {
		for id := range c.Services[name].Tasks {
			if t := c.Tasks[id]; t != nil && t.Proven && aws.ToString(t.Task.DesiredStatus) == "RUNNING" {
				n++
			}
		}
	}
	return n
}

// A service whose document names another cluster runs until the one there is up, so
// that there are never fewer tasks than before.
func TestMovedToAnotherCluster(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", moving("nginx:1.29"))
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.sync(w.scoped("a", true))
		w.files.put("hello.yaml", w.elsewhere(moving("nginx:1.29")))
		least := int32(2)
		var mu sync.Mutex
		w.watchBy(func(v *sandbox.World, _ string) {
			mu.Lock()
			defer mu.Unlock()
			least = min(least, healthyAt(v, "default", "hello")+healthyAt(v, "elsewhere", "hello"))
		})
		w.sync(w.scoped("a", true))
		w.watchBy(nil)
		mu.Lock()
		if least < 2 {
			t.Errorf("there were %d tasks of 2", least)
		}
		mu.Unlock()
		if left := w.owned("default/hello"); len(left) > 0 {
			t.Errorf("left: %v\n%s", left, w.story())
		}
		if n := len(w.owned("elsewhere/hello")); n != 2 {
			t.Errorf("%d things are there, want 2", n)
		}
	})
}

// One that does not come up takes nobody's place, and that is told; the run does not
// wait for what cannot be.
func TestMovedAndNotUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", moving("nginx:1.29"))
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.sync(w.scoped("a", true))
		w.files.put("hello.yaml", w.elsewhere(moving("nginx:crash")))
		e := w.scoped("a", true)
		l := w.load(e)
		gone := e.Departed(t.Context(), l, false)
		out := e.Apply(t.Context(), append(l.Units, gone...), ApplyOptions{Wait: true})
		last := out[len(out)-1]
		w.want(last, status.StateProgressing, status.DependencyMissing, status.ExitNotDone)
		if !strings.Contains(last.Status.Why, "elsewhere/hello is to take its place") || !strings.Contains(last.Status.Why, "first deployment failed") || last.TimedOut {
			t.Errorf("it says %q", last.Status.Why)
		}
		if s := w.service("hello"); aws.ToString(s.Status) != "ACTIVE" || s.RunningCount != 2 {
			t.Errorf("the old one is %s with %d tasks", aws.ToString(s.Status), s.RunningCount)
		}
		// Mended, a daemon does the rest.
		w.files.put("hello.yaml", strings.Replace(moving("nginx:1.28"), "cluster: default", "cluster: elsewhere", 1))
		e = w.scoped("a", true)
		stop := w.run(e)
		w.until("it has moved", func() bool { return len(w.owned("default/hello")) == 0 && len(e.Status()) == 2 })
		stop()
	})
}

// A service of the same name elsewhere that has been up is no successor: whatever is
// rolled out to it now, one whose document is gone does not wait for it.
func TestGoneBesideANamesake(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		there := strings.Replace(w.elsewhere(moving("nginx:1.29")), "enable: true, rollback: true", "enable: false, rollback: false", 1)
		w.files.put("hello.yaml", moving("nginx:1.29"))
		w.files.put("there.yaml", there)
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.sync(w.scoped("a", true))
		w.files.put("there.yaml", strings.Replace(there, "nginx:1.29", "nginx:crash", 1))
		e := w.scoped("a", true)
		stop := w.run(e)
		w.until("a rollout there gets nowhere", func() bool {
			out, err := w.person().Read.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("elsewhere"), Services: []string{"hello"}})
			w.ok(err)
			return len(out.Services[0].Deployments) == 2
		})
		w.files.put("hello.yaml", "")
		w.until("the one whose document is gone is gone", func() bool { return len(w.owned("default/hello")) == 0 })
		stop()
		if n := len(w.owned("elsewhere/hello")); n < 2 {
			t.Errorf("%d things are elsewhere", n)
		}
	})
}

// Where both would have one rule at one priority they cannot serve side by side: the
// old one goes first, as it was asked to.
func TestMovedWithItsRule(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.sync(w.scoped("a", true))
		w.files.put("web.yaml", w.elsewhere(web))
		e := w.scoped("a", true)
		stop := w.run(e)
		w.until("it has moved", func() bool { return len(w.owned("default/web")) == 0 })
		w.until("it is up", func() bool { return stands(e, "web", status.Synced)() && len(e.Status()) == 2 })
		stop()
	})
}
