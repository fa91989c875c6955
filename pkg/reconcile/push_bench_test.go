package reconcile

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
	"github.com/ecs-operator/ecs-operator/pkg/webhook"
)

// moments are those of one edit, as they are seen from outside.
type moments struct {
	mu                  sync.Mutex
	image               string // that the edit writes, "" before the first
	told                time.Time
	fetched, read, done time.Time // the snapshot ended; AWS was asked; AWS was told
	wrote               chan struct{}
}

// begin awaits the first write of an image.
func (m *moments) begin(image string) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.image, m.wrote = image, make(chan struct{})
	m.fetched, m.read, m.done = time.Time{}, time.Time{}, time.Time{}
	return m.wrote
}

// tell is the moment from which time counts.
func (m *moments) tell() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = time.Now()
}

// call is the sandbox' fault hook: it sees every call.
func (m *moments) call(_ context.Context, c sandbox.Call) *sandbox.Fault {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Service == "s3" || m.wrote == nil || m.fetched.IsZero() {
		return nil
	}
	if m.read.IsZero() {
		m.read = time.Now()
	}
	if in, ok := c.Input.(*ecs.RegisterTaskDefinitionInput); ok && aws.ToString(in.ContainerDefinitions[0].Image) == m.image {
		m.done = time.Now()
		close(m.wrote)
		m.wrote = nil
	}
	return nil
}

// fetches times the snapshots of a source.
type fetches struct {
	source.Source
	m *moments
}

func (f fetches) Snapshot(ctx context.Context) (source.Snapshot, error) {
	s, err := f.Source.Snapshot(ctx)
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.m.wrote != nil {
		f.m.fetched = time.Now()
	}
	return s, err
}

// poked are those of a source that wants to know of pokes.
type poked struct{ fetches }

func (f poked) Poke() { f.Source.(interface{ Poke() }).Poke() }

// timed lets the moments see the snapshots of a source.
func (f *pushFleet) timed(s source.Source) source.Source {
	t := fetches{s, &f.moments}
	if _, ok := s.(interface{ Poke() }); ok {
		return poked{t}
	}
	return t
}

// pushFleet are the services of the benchmark, made once.
type pushFleet struct {
	moments
	box  *sandbox.Sandbox
	pool *awsclient.Pool
	api  *awsclient.Clients
	arns []string
	docs map[string]string // by file name
	n    int               // edits so far
}

// pushPlace is one way in which documents come to the operator.
type pushPlace struct {
	name   string
	source func(b *testing.B, f *pushFleet) source.Source // with all documents in it
	put    func(b *testing.B, f *pushFleet, name string)  // one that was edited
	hook   bool                                           // a webhook tells of it; else the source itself notices
}

// BenchmarkPushToFirstWrite is the time from a signed webhook, or for a directory
// from the edit itself, to the first call that writes, with one of
// ECS_OPERATOR_SCALE (1,000) services edited, each with a target group, a rule, two
// alarms, a scalable target and a policy. There are at least fifty edits.
func BenchmarkPushToFirstWrite(b *testing.B) {
	services := scale()
	var fleet *pushFleet // of the first that runs
	for _, place := range pushPlaces() {
		b.Run(place.name, func(b *testing.B) {
			if fleet == nil {
				fleet = makeFleet(b, services)
			}
			fleet.pushes(b, place)
		})
	}
}

// scale is how many services a benchmark has: ECS_OPERATOR_SCALE, or 1,000.
func scale() int {
	if n, err := strconv.Atoi(os.Getenv("ECS_OPERATOR_SCALE")); err == nil {
		return n
	}
	return 1000
}

func makeFleet(b *testing.B, services int) *pushFleet {
	f := &pushFleet{docs: map[string]string{}}
	f.box = sandbox.New(sandbox.Options{Fault: f.call, Speed: 1})
	var err error
	f.pool, err = awsclient.New(context.Background(), awsclient.Options{
		Targets:    map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
		HTTPClient: &http.Client{Transport: f.box.Transport()}, Endpoint: "http://sandbox.invalid", Static: true, Unlimited: true,
	})
	fine(b, err)
	f.api, err = f.pool.For(b.Context(), resource.DefaultTarget)
	fine(b, err)
	f.arns = benchListeners(b, f.api.Write.ELB, (services+99)/100)
	files := newMemory()
	for n := range services {
		name := fmt.Sprintf("s%d.yaml", n)
		f.docs[name] = fleetMember(n, f.arns)
		files.put(name, f.docs[name])
	}
	_, err = f.api.Write.S3.CreateBucket(b.Context(), &s3.CreateBucketInput{Bucket: aws.String(pushBucket)})
	fine(b, err)
	start := time.Now()
	_, stop := f.operator(b, files)
	stop()
	b.Logf("%d services made in %s", services, time.Since(start).Round(time.Second))
	return f
}

// operator runs a fresh one, and comes back when all services are Ready.
func (f *pushFleet) operator(b *testing.B, s source.Source) (e *Engine, stop func()) {
	b.Helper()
	e = New(Options{Kinds: kinds.All(f.pool), Rollouts: kinds.NewRollouts(f.pool), Sections: kinds.Sections(), Lint: lint.Check, Source: s,
		Poll: DefaultPoll, AbsenceGrace: 2 * time.Second, Resync: time.Hour})
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { fine(b, e.Run(ctx)) })
	stop = func() { cancel(); running.Wait() }
	f.calm(b, e)
	return e, stop
}

// calm waits until every service is Ready.
func (f *pushFleet) calm(b *testing.B, e *Engine) {
	for start := time.Now(); ; <-time.After(20 * time.Millisecond) {
		ready := 0
		var other status.Service
		for _, s := range e.Status() {
			if s.State == status.StateReady {
				ready++
			} else {
				other = s
			}
		}
		if ready == len(f.docs) {
			return
		}
		if time.Since(start) > 20*time.Minute {
			b.Fatalf("%d of %d services are Ready; %s is %s: %s", ready, len(f.docs), other.Name, other.State, other.Why)
		}
	}
}

// fewestEdits make a 99th percentile.
const fewestEdits = 50

func (f *pushFleet) pushes(b *testing.B, place pushPlace) {
	specs := source.Poke(f.timed(place.source(b, f)))
	specs.Every = time.Millisecond // each push comes after a calm
	e, stop := f.operator(b, specs)
	defer stop()
	secret := []byte("0123456789abcdef0123456789abcdef")
	hook := webhook.New(webhook.Options{Secrets: func() [][]byte { return [][]byte{secret} }, Poke: specs.Poke, Count: func(string, string) {}})
	var stages [4][]time.Duration
	var slowest string
	edit := func() {
		wrote := f.edit(b, place)
		if place.hook {
			push(b, hook, secret)
		}
		select {
		case <-wrote:
		case <-time.After(2 * time.Minute):
			f.lost(b, e)
		}
		f.mu.Lock()
		took := []time.Duration{f.done.Sub(f.told), f.fetched.Sub(f.told), f.read.Sub(f.fetched), f.done.Sub(f.read)}
		f.mu.Unlock()
		if len(stages[0]) == 0 || took[0] > slices.Max(stages[0]) {
			slowest = fmt.Sprintf("the slowest is edit %d: fetch %v, decode %v, plan %v", len(stages[0])+1, took[1], took[2], took[3])
		}
		for i, d := range took {
			stages[i] = append(stages[i], d)
		}
		b.StopTimer()
		<-time.After(200 * time.Millisecond) // the rest of that pass is nobody's to wait for
		b.StartTimer()
	}
	for b.Loop() {
		edit()
	}
	b.StopTimer()
	for len(stages[0]) < fewestEdits {
		edit()
		b.StopTimer()
	}
	for i, name := range []string{"p50", "fetch", "decode", "plan"} {
		slices.Sort(stages[i])
		b.ReportMetric(stages[i][len(stages[i])/2].Seconds()*1000, name+"-ms")
	}
	b.ReportMetric(stages[0][(len(stages[0])*99-1)/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(stages[0][len(stages[0])-1].Seconds()*1000, "max-ms")
	b.ReportMetric(0, "ns/op")
	b.Log(slowest)
}

// edit gives the next service another image.
func (f *pushFleet) edit(b *testing.B, place pushPlace) (wrote chan struct{}) {
	f.n++
	name := fmt.Sprintf("s%d.yaml", f.n*7%len(f.docs))
	image := fmt.Sprintf("nginx:2.%d", f.n)
	f.docs[name] = strings.Replace(fleetMember(f.n*7%len(f.docs), f.arns), "nginx:1.29", image, 1)
	wrote = f.begin(image)
	if place.hook {
		place.put(b, f, name)
		f.tell()
	} else {
		f.tell()
		place.put(b, f, name)
	}
	return wrote
}

// lost tells what has become of an edit that brought no write.
func (f *pushFleet) lost(b *testing.B, e *Engine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range e.Status() {
		if s.State != status.StateReady {
			b.Logf("%s is %s: %s", s.Name, s.State, s.Why)
		}
	}
	b.Fatalf("edit %d: %s was not written; told %s, fetched %s, read %s", f.n, f.image, f.told, f.fetched, f.read)
}

// push calls the webhook.
func push(b *testing.B, hook http.Handler, secret []byte) {
	body := []byte(`{"ref":"refs/heads/main"}`)
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	req := httptest.NewRequest(http.MethodPost, "/hook/github", bytes.NewReader(body))
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	hook.ServeHTTP(w, req)
	if w.Code != http.StatusAccepted {
		b.Fatalf("the webhook is answered with %d", w.Code)
	}
}

func fine(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func benchListeners(b *testing.B, api *elb.Client, n int) (arns []string) {
	for i := range n {
		lb, err := api.CreateLoadBalancer(b.Context(), &elb.CreateLoadBalancerInput{Name: aws.String(fmt.Sprintf("lb%d", i)), Subnets: []string{"subnet-0sandboxa", "subnet-0sandboxb"}})
		fine(b, err)
		l, err := api.CreateListener(b.Context(), &elb.CreateListenerInput{LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp,
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404")}}}})
		fine(b, err)
		arns = append(arns, *l.Listeners[0].ListenerArn)
	}
	return arns
}
