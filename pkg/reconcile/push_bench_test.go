package reconcile

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
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
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/bucket"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
	"github.com/ecs-operator/ecs-operator/pkg/webhook"
)

// pushStages are the moments of one push, as they are seen from outside.
type pushStages struct {
	mu                           sync.Mutex
	fetched, read, first         time.Time // the snapshot ended; AWS was asked; AWS was told
	fetching                     bool
	wrote                        chan struct{}
	left                         int // services that are not made yet
	made, passed                 chan struct{}
	over                         chan struct{} // a pass of a deployment has ended
	snapshots, parses, plans, ms []time.Duration
}

// fetches times the snapshots of a source.
type fetches struct {
	source.Source
	s *pushStages
}

func (f fetches) Snapshot(ctx context.Context) (source.Snapshot, error) {
	s, err := f.Source.Snapshot(ctx)
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.s.fetching {
		f.s.fetched, f.s.fetching = time.Now(), false
	}
	return s, err
}

// call is the sandbox' fault hook: it sees every call.
func (s *pushStages) call(_ context.Context, c sandbox.Call) *sandbox.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Operation == "PutScalingPolicy" {
		if s.left--; s.left == 0 {
			close(s.made)
		}
	}
	switch {
	case c.Service == "s3" || s.fetching || s.wrote == nil:
	case s.read.IsZero():
		s.read = time.Now()
	}
	if c.Operation == "RegisterTaskDefinition" && s.wrote != nil && !s.fetching {
		s.first = time.Now()
		close(s.wrote)
		s.wrote = nil
	}
	return nil
}

// BenchmarkPushToFirstWrite is the time from a signed webhook to the first call
// that writes, with one of ECS_OPERATOR_SCALE (1,000) services edited, each with
// a target group, a rule, two alarms, a scalable target and a policy.
func BenchmarkPushToFirstWrite(b *testing.B) {
	services := 1000
	if n, err := strconv.Atoi(os.Getenv("ECS_OPERATOR_SCALE")); err == nil {
		services = n
	}
	for _, place := range []source.Place{{Bucket: "specs", Key: "services/"}, {Bucket: "specs", Key: "specs.tar.gz", Archive: true}} {
		b.Run(place.Key, func(b *testing.B) { pushes(b, place, services) })
	}
}

func pushes(b *testing.B, place source.Place, services int) {
	s := &pushStages{left: services, made: make(chan struct{}), passed: make(chan struct{}), over: make(chan struct{}, 1)}
	box := sandbox.New(sandbox.Options{Fault: s.call, Speed: 1})
	pool, err := awsclient.New(b.Context(), awsclient.Options{
		Targets:    map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
		HTTPClient: &http.Client{Transport: box.Transport()}, Endpoint: "http://sandbox.invalid", Static: true, Unlimited: true,
	})
	fine(b, err)
	c, err := pool.For(b.Context(), resource.DefaultTarget)
	fine(b, err)
	arns := benchListeners(b, c.Write.ELB, (services+99)/100)
	docs := map[string]string{}
	for n := range services {
		docs[fmt.Sprintf("s%d.yaml", n)] = fleetMember(n, arns)
	}
	_, err = c.Write.S3.CreateBucket(b.Context(), &s3.CreateBucketInput{Bucket: &place.Bucket})
	fine(b, err)
	upload(b, c.Write.S3, place, docs, "")

	poked := source.Poke(fetches{source.S3(place, bucket.New(pool, resource.DefaultTarget, place.Bucket)), s})
	poked.Every = time.Millisecond // each push comes after a calm
	var passed sync.Once
	e := New(Options{Kinds: kinds.All(pool), Rollouts: kinds.NewRollouts(pool), Sections: kinds.Sections(), Lint: lint.Check, Source: poked,
		Poll: time.Hour, AbsenceGrace: 2 * time.Second, Resync: time.Hour, Workers: 8,
		OnEvent: func(v Event) {
			if v.Kind == EventPass {
				passed.Do(func() { close(s.passed) })
			}
			if v.Kind == EventState && v.Reason == status.RolloutInProgress {
				select {
				case s.over <- struct{}{}:
				default:
				}
			}
		}})
	secret := []byte("0123456789abcdef0123456789abcdef")
	hook := webhook.New(webhook.Options{Secrets: func() [][]byte { return [][]byte{secret} }, Poke: poked.Poke, Count: func(string, string) {}})
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { fine(b, e.Run(ctx)) })
	defer running.Wait()
	defer stop()
	<-s.made
	<-s.passed
	drain(s.over)

	b.ResetTimer()
	for n := range b.N {
		b.StopTimer()
		name := fmt.Sprintf("s%d.yaml", n*7%services)
		docs[name] = strings.Replace(fleetMember(n*7%services, arns), "nginx:1.29", fmt.Sprintf("nginx:2.%d", n), 1)
		upload(b, c.Write.S3, place, docs, name)
		wrote := make(chan struct{})
		drain(s.over)
		s.mu.Lock()
		s.fetching, s.wrote, s.read = true, wrote, time.Time{}
		s.mu.Unlock()
		body := []byte(`{"ref":"refs/heads/main"}`)
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		req := httptest.NewRequest(http.MethodPost, "/hook/github", bytes.NewReader(body))
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		b.StartTimer()
		start := time.Now()
		w := httptest.NewRecorder()
		hook.ServeHTTP(w, req)
		if w.Code != http.StatusAccepted {
			b.Fatalf("the webhook is answered with %d", w.Code)
		}
		<-wrote
		b.StopTimer()
		s.mu.Lock()
		s.snapshots, s.parses = append(s.snapshots, s.fetched.Sub(start)), append(s.parses, s.read.Sub(s.fetched))
		s.plans, s.ms = append(s.plans, s.first.Sub(s.read)), append(s.ms, s.first.Sub(start))
		s.mu.Unlock()
		<-s.over // the rest of that pass
		b.StartTimer()
	}
	b.StopTimer()
	for name, all := range map[string][]time.Duration{"p50": s.ms, "fetch": s.snapshots, "parse": s.parses, "plan": s.plans} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, name+"-ms")
	}
	b.ReportMetric(float64(s.ms[(len(s.ms)*99)/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

func fine(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// drain takes what is in a channel out of it.
func drain(c chan struct{}) {
	for {
		select {
		case <-c:
		default:
			return
		}
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

// upload writes all documents, or the one that was edited; an archive always whole.
func upload(b *testing.B, client *s3.Client, place source.Place, docs map[string]string, only string) {
	b.Helper()
	put := func(key string, data []byte) {
		_, err := client.PutObject(b.Context(), &s3.PutObjectInput{Bucket: &place.Bucket, Key: &key, Body: bytes.NewReader(data)})
		fine(b, err)
	}
	if !place.Archive {
		for name, text := range docs {
			if only == "" || name == only {
				put(place.Key+name, []byte(text))
			}
		}
		return
	}
	var raw bytes.Buffer
	z := gzip.NewWriter(&raw)
	t := tar.NewWriter(z)
	for _, name := range sorted(docs) {
		fine(b, t.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(docs[name]))}))
		_, err := t.Write([]byte(docs[name]))
		fine(b, err)
	}
	fine(b, t.Close())
	fine(b, z.Close())
	put(place.Key, raw.Bytes())
}
