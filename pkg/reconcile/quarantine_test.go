package reconcile

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

const day = 24 * hour

// bad is what goes wrong with a commit, and how it ends.
var bad = []struct {
	name, image string
	first       bool // it is the service's first deployment: there is nothing to go back to
	reason      status.Reason
}{
	{"crash at start", "nginx:crash", false, status.RolledBack},
	{"image that cannot be pulled", "nginx:missing", false, status.RolledBack},
	{"first deployment", "nginx:crash", true, status.RolloutFailed},
}

// before brings a service to the state before the commit.
func (w *world) before(first bool) {
	w.t.Helper()
	if first {
		return
	}
	w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
	w.ready(w.wait(w.engine()), "hello")
}

// A hundred hours after a bad commit there was exactly one deployment of it, and
// drift beside it is healed all the time.
func TestHundredHoursAfterABadCommit(t *testing.T) {
	t.Parallel()
	for i, c := range bad {
		if i > 0 && testing.Short() {
			break
		}
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.resync = 4 * minute // some passes fewer than by default
				w.before(c.first)
				h := w.harbour(nil)
				w.files.put("hello.yaml", hello("hello", c.image))
				e := w.engine()
				defer w.run(e)()
				w.until("the end", stands(e, "hello", c.reason))
				for range 2 {
					w.sleep(50 * hour)
					mark := w.mark()
					_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
						Cluster: aws.String("default"), Service: aws.String("hello"), DesiredCount: aws.Int32(1)})
					w.ok(err)
					w.until("the count is healed", func() bool { return w.service("hello").DesiredCount == 2 })
					if writes := w.writes(mark); len(writes) != 2 { // the person's and ours
						t.Errorf("writes %v", writes)
					}
				}
				if h.of("hello") != 1 {
					t.Errorf("%d deployments in a hundred hours", h.of("hello"))
				}
				if !stands(e, "hello", c.reason)() {
					t.Errorf("it ends as %s", why(e, "hello"))
				}
				w.files.put("hello.yaml", hello("hello", "nginx:1.29")) // reverted, or mended
				took := w.until("ready", stands(e, "hello", status.Synced))
				t.Logf("ready %s after the revert", took)
				if !c.first && (took > 5*time.Second || h.of("hello") != 1) {
					t.Errorf("the revert took %s and %d deployments", took, h.of("hello")-1)
				}
			})
		})
	}
}

// The operator is stopped right after the write, and comes back on an empty disk:
// at once, after ECS has ended the deployment, and when ECS' history has forgotten
// it. The world reaches the same end without it, and the content is never deployed
// again, whichever process looks.
func TestStoppedRightAfterTheWrite(t *testing.T) {
	t.Parallel()
	for _, c := range bad {
		for _, away := range []time.Duration{0, time.Second, hour, 100 * day} {
			t.Run(fmt.Sprintf("%s, away for %s", c.name, away), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					w.before(c.first)
					h := w.harbour(nil)
					w.files.put("hello.yaml", hello("hello", c.image))
					w.apply(w.engine(), ApplyOptions{})
					w.sleep(away)
					for range 3 {
						o := w.wait(w.engine())["hello"]
						if o.Status.Reason != c.reason && (away < 90*day || o.Status.Reason != status.Quarantined) || o.Exit() != 5 {
							t.Errorf("%s (exit %d): %s", o.Status.Reason, o.Exit(), o.Status.Why)
						}
					}
					e := w.engine()
					stop := w.run(e)
					w.sleep(5 * hour)
					stop()
					if h.of("hello") != 1 {
						t.Errorf("%d deployments of the bad content\n%s", h.of("hello"), w.story())
					}
					w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
					w.ready(w.wait(w.engine()), "hello")
				})
			})
		}
	}
}

// The quarantine is a tag that outlives the history: another process on an empty
// disk, a hundred days later, deploys nothing, and retry does so once.
func TestQuarantineOutlivesTheHistory(t *testing.T) {
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.before(c.first)
				h := w.harbour(nil)
				w.files.put("hello.yaml", hello("hello", c.image))
				w.want(w.wait(w.engine())["hello"], status.StateStalled, c.reason, 5)
				w.sleep(100 * day)
				mark := w.mark()
				for range 2 {
					w.want(w.wait(w.engine())["hello"], status.StateStalled, c.reason, 5)
				}
				w.quiet(mark, "a hundred days later")
				if h.of("hello") != 1 {
					t.Errorf("%d deployments", h.of("hello"))
				}
				e := w.engine()
				if _, err := e.Retry(t.Context(), w.load(e).Units[0].Key); err != nil {
					t.Fatal(err)
				}
				w.want(w.wait(w.engine())["hello"], status.StateStalled, c.reason, 5)
				w.sleep(100 * day)
				w.want(w.wait(w.engine())["hello"], status.StateStalled, c.reason, 5)
				if h.of("hello") != 2 {
					t.Errorf("%d deployments after one retry", h.of("hello"))
				}
			})
		})
	}
}

// The tag is written before anything acts on it: killed right after the tag, or
// with the tag refused, nothing is deployed.
func TestQuarantineIsWrittenFirst(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		h := w.harbour(nil)
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		w.apply(w.engine(), ApplyOptions{})
		w.sandbox.Advance(hour)
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
			Cluster: aws.String("default"), Service: aws.String("hello"), DesiredCount: aws.Int32(1)})
		w.ok(err)
		w.spoil(always(sandbox.Fault{Code: "AccessDeniedException", Message: "no tags today"}, "TagResource"))
		mark := w.mark()
		o := w.apply(w.engine(), ApplyOptions{})["hello"]
		if o.Status.Reason != status.AccessDenied && o.Status.Reason != status.RolledBack {
			t.Errorf("%s: %s", o.Status.Reason, o.Status.Why)
		}
		for _, line := range w.writes(mark) {
			if !strings.HasPrefix(line, "TagResource ") {
				t.Errorf("%s before the quarantine was written", line)
			}
		}
		w.spoil(nil)
		mark = w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.RolledBack, 5)
		if writes := w.writes(mark); len(writes) != 2 || !strings.HasPrefix(writes[0], "TagResource ") || !strings.HasPrefix(writes[1], "UpdateService ") {
			t.Errorf("writes %v, want the tag, then the count", writes)
		}
		if h.of("hello") != 1 {
			t.Errorf("%d deployments", h.of("hello"))
		}
	})
}

// The outcome is that of the very deployment that the operator started.
func TestOutcomeByDeployment(t *testing.T) {
	stop := func(w *world) {
		w.t.Helper()
		list, err := w.person().Read.ECS.ListServiceDeployments(w.t.Context(), &ecs.ListServiceDeploymentsInput{
			Cluster: aws.String("default"), Service: aws.String("hello")})
		w.ok(err)
		in := &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: list.ServiceDeployments[0].ServiceDeploymentArn}
		raw := ecs.New(ecs.Options{Region: sandbox.Region, BaseEndpoint: aws.String("http://sandbox.invalid"),
			HTTPClient: &http.Client{Transport: w.sandbox.Transport()}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
		_, err = raw.StopServiceDeployment(w.t.Context(), in)
		w.ok(err)
	}
	for _, c := range []struct {
		name   string
		then   func(w *world)
		reason status.Reason
		ends   []resource.DeploymentStatus
		starts int
	}{
		{"succeeded", func(*world) {}, status.Synced, []resource.DeploymentStatus{resource.DeploymentSucceeded}, 1},
		{"superseded by a newer commit", func(w *world) { w.files.put("hello.yaml", hello("hello", "nginx:1.31")) },
			status.Synced, []resource.DeploymentStatus{resource.DeploymentSuperseded, resource.DeploymentSucceeded}, 2},
		{"superseded by its own revert", func(w *world) { w.files.put("hello.yaml", hello("hello", "nginx:1.29")) },
			status.Synced, []resource.DeploymentStatus{resource.DeploymentSuperseded, resource.DeploymentSucceeded}, 2},
		{"rolled back by a person", func(w *world) { stop(w) },
			status.RolledBack, []resource.DeploymentStatus{resource.DeploymentRolledBack}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.before(false)
				e := w.engine()
				defer w.run(e)()
				w.until("seen", stands(e, "hello", status.Synced))
				h := w.harbour(nil)
				w.counts.mu.Lock()
				w.counts.rollouts = nil // that of before
				w.counts.mu.Unlock()
				w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
				w.until("it runs", stands(e, "hello", status.RolloutInProgress))
				c.then(w)
				w.sleep(20 * minute)
				if !stands(e, "hello", c.reason)() {
					t.Errorf("it is %s, want %s", why(e, "hello"), c.reason)
				}
				if _, _, _, ends := w.counts.seen(); fmt.Sprint(ends) != fmt.Sprint(c.ends) {
					t.Errorf("outcomes %v, want %v", ends, c.ends)
				}
				if h.of("hello") != c.starts {
					t.Errorf("%d deployments, want %d", h.of("hello"), c.starts)
				}
			})
		})
	}
}

// A rollback that runs is never disturbed: a new commit waits for its end, and
// nothing of the deployment is written meanwhile.
func TestARollbackIsNotDisturbed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		e := w.engine()
		defer w.run(e)()
		// The old tasks go before the new ones come, so that a rollback takes its time.
		slow := func(image string) string {
			return strings.Replace(hello("hello", image), "deploymentConfiguration:\n", "deploymentConfiguration:\n      minimumHealthyPercent: 50\n      maximumPercent: 150\n", 1)
		}
		w.files.put("hello.yaml", slow("nginx:1.29"))
		w.until("as it was", stands(e, "hello", status.Synced))
		h := w.harbour(nil)
		mark := w.mark()
		w.files.put("hello.yaml", slow("nginx:crash"))
		w.until("it rolls back", func() bool { return h.rollingBack() })
		waiting := false
		w.files.put("hello.yaml", slow("nginx:1.30"))
		w.until("it waits", func() bool {
			waiting = h.rollingBack() && stands(e, "hello", status.RollingBack)()
			return waiting || h.of("hello") == 2
		})
		w.until("the new commit", func() bool { return h.of("hello") == 2 && stands(e, "hello", status.Synced)() })
		if !waiting {
			t.Error("the new commit came after the rollback: nothing was shown")
		}
		if h.of("hello") != 2 {
			t.Errorf("%d deployments: %v", h.of("hello"), w.writes(mark))
		}
		history, err := w.person().Read.ECS.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{
			Cluster: aws.String("default"), Service: aws.String("hello")})
		w.ok(err)
		var ends []string
		for _, d := range history.ServiceDeployments {
			ends = append(ends, string(d.Status))
		}
		if got := strings.Join(ends, " "); !strings.HasPrefix(got, "SUCCESSFUL ROLLBACK_SUCCESSFUL SUCCESSFUL") {
			t.Errorf("ECS says %s", got)
		}
	})
}

// A first deployment that never comes up has nothing to go back to, and is named
// as that.
func TestStuckFirstDeployment(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		text := strings.Replace(hello("hello", "nginx:crash"), "enable: true, rollback: true", "enable: false, rollback: false", 1)
		w.files.put("hello.yaml", text)
		o := w.apply(w.engine(), ApplyOptions{Wait: true, Timeout: 30 * minute})["hello"]
		if !strings.Contains(o.Status.Why, "first deployment") {
			t.Errorf("why: %s", o.Status.Why)
		}
		h := w.harbour(nil)
		e := w.engine()
		defer w.run(e)()
		w.until("named", func() bool {
			return strings.Contains(why(e, "hello"), "RolloutInProgress: the first deployment is stuck: 0 of 2 tasks running")
		})
		w.sleep(hour)
		if h.of("hello") != 1 { // the one that runs
			t.Errorf("%d deployments", h.of("hello"))
		}
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.until("mended", stands(e, "hello", status.Synced))
	})
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateStalled, status.RolloutFailed, 5)
		if !strings.HasPrefix(o.Status.Why, "the first deployment failed, and there is nothing to go back to") {
			t.Errorf("why: %s", o.Status.Why)
		}
	})
}

// A service that has stood still for longer than ECS' history is deployed to as any
// other, also when the operator is killed between the revision and the service.
func TestAnOldServiceIsDeployed(t *testing.T) {
	for _, killed := range []bool{false, true} {
		inWorld(t, func(t *testing.T, w *world) {
			w.before(false)
			w.sleep(100 * day)
			w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
			if killed {
				w.spoil(always(sandbox.Fault{Code: "ServerException", Message: "not now", Status: 500}, "UpdateService"))
				w.apply(w.engine(), ApplyOptions{})
				w.spoil(nil)
			}
			w.ready(w.wait(w.engine()), "hello")
			w.sleep(100 * day)
			w.files.put("hello.yaml", hello("hello", "nginx:1.29")) // back to a revision of long ago
			w.ready(w.wait(w.engine()), "hello")
		})
	}
}
