package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/metrics"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// taskMetadataEnv is where ECS says what a container may ask about its task
// ("Amazon ECS task metadata endpoint version 4").
const taskMetadataEnv = "ECS_CONTAINER_METADATA_URI_V4"

// Bounds of asking for it: a daemon must start without, and soon.
const (
	taskTimeout = time.Second // of one try
	taskTries   = 3
	taskBytes   = 1 << 20
)

// task is the ECS task that this process runs in, as its metadata tell it.
type task struct {
	partition, region, account string
	Cluster                    string // short name
	Service                    string // "" where the metadata do not say: Fargate's may not
	ARN, Family, Revision      string
	Zone, LaunchType           string
}

// id is the last part of the ARN.
func (t *task) id() string { return t.ARN[strings.LastIndexByte(t.ARN, '/')+1:] }

// serviceARN names the service of the task, "" for none.
func (t *task) serviceARN() string {
	if t == nil || t.Service == "" {
		return ""
	}
	return fmt.Sprintf("arn:%s:ecs:%s:%s:service/%s/%s", t.partition, t.region, t.account, t.Cluster, t.Service)
}

// MarshalLogObject labels log lines.
func (t *task) MarshalLogObject(e zapcore.ObjectEncoder) error {
	for _, kv := range [][2]string{{"cluster", t.Cluster}, {"service", t.Service}, {"id", t.id()}, {"family", t.Family},
		{"revision", t.Revision}, {"zone", t.Zone}, {"region", t.region}} {
		if kv[1] != "" {
			e.AddString(kv[0], kv[1])
		}
	}
	return nil
}

func (t *task) labels() metrics.Task {
	return metrics.Task{Cluster: t.Cluster, Service: t.Service, ID: t.id(), Family: t.Family, Revision: t.Revision, Zone: t.Zone, Region: t.region}
}

// readTask asks for the metadata of the task that this process runs in: nil
// outside of ECS. An error says why they could not be had; nothing depends on them.
func readTask(ctx context.Context, getenv func(string) string) (*task, error) {
	base := getenv(taskMetadataEnv)
	if base == "" {
		return nil, nil
	}
	if err := metadataPlace(base); err != nil {
		return nil, err
	}
	var err error
	for range taskTries {
		var t *task
		if t, err = fetchTask(ctx, strings.TrimSuffix(base, "/")+"/task"); err == nil || ctx.Err() != nil {
			return t, err
		}
	}
	return nil, err
}

// metadataPlace refuses what is not the agent of this machine: ECS gives the
// variable the address 169.254.170.2, and a request to anywhere else would tell a
// stranger that somebody runs here.
func metadataPlace(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s is not of the form that ECS gives it, http://169.254.170.2/v4/…: leave it alone", taskMetadataEnv)
	}
	if ip := net.ParseIP(u.Hostname()); u.Host != "169.254.170.2" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s names the host %s, where ECS gives 169.254.170.2: it is not asked", taskMetadataEnv, u.Host)
	}
	return nil
}

func fetchTask(ctx context.Context, address string) (*task, error) {
	ctx, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{ // no proxy, and nowhere else
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the task's metadata: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, taskBytes))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the task's metadata: %w", err)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the task's metadata: %s", resp.Status)
	}
	return parseTask(body)
}

// parseTask reads the answer of /task ("Amazon ECS task metadata V4 JSON response"):
// Cluster is an ARN or a short name.
func parseTask(body []byte) (*task, error) {
	var m struct {
		Cluster, ServiceName, TaskARN, Family, Revision, AvailabilityZone, LaunchType string
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("the task's metadata are no JSON: %w", err)
	}
	parts := strings.SplitN(m.TaskARN, ":", 6)
	if len(parts) != 6 || parts[2] != "ecs" || !strings.HasPrefix(parts[5], "task/") {
		return nil, errors.New("the task's metadata name no task")
	}
	return &task{partition: parts[1], region: parts[3], account: parts[4],
		Cluster: m.Cluster[strings.LastIndexByte(m.Cluster, '/')+1:], Service: m.ServiceName,
		ARN: m.TaskARN, Family: m.Family, Revision: m.Revision, Zone: m.AvailabilityZone, LaunchType: m.LaunchType}, nil
}

// findTask reads where this process runs, and labels logs and metrics with it. The
// embedded AWS has no such tasks.
func (m *machine) findTask(ctx context.Context, c *console, g *globalOptions) error {
	if g.sandboxed() {
		return nil
	}
	t, err := readTask(ctx, c.getenv)
	switch {
	case err != nil:
		m.log.Warn("what task this is cannot be told: nothing is labelled with it, and the operator does not update itself last", zap.Error(err))
	case t != nil:
		m.task = t
		m.metrics.Task(t.labels())
		if !g.console(c) {
			m.log = m.log.With(zap.Object("task", t))
		}
	}
	return ctx.Err()
}

// taskRegion is the region of the task, where nothing else says one.
func (m *machine) taskRegion() string {
	if m.task == nil {
		return ""
	}
	return m.task.region
}

// ownCluster stands for the cluster of the task. No cluster has that name.
const ownCluster = "."

// unwrittenCluster is the cluster of documents that write none. That of the task is
// taken when somebody says so, and not by itself: the cluster is part of what a
// service is, and the same document must not mean another one where it is looked at
// from a laptop, or after the operator itself has moved.
func (g *globalOptions) unwrittenCluster(t *task) (string, error) {
	switch {
	case g.defaultCluster != ownCluster:
		return g.defaultCluster, nil
	case t == nil:
		return "", fmt.Errorf("--default-cluster '.' is the cluster of the ECS task that this runs in, and it runs in none: write the cluster's name")
	}
	return t.Cluster, nil
}

// offlineCluster is the same for a command that asks no AWS.
func (g *globalOptions) offlineCluster(ctx context.Context, c *console) (string, error) {
	if g.defaultCluster != ownCluster {
		return g.defaultCluster, nil
	}
	t, err := readTask(ctx, c.getenv)
	if err != nil {
		return "", err
	}
	return g.unwrittenCluster(t)
}

// knowSelf finds out of which service the task is, and tells the engine: from the
// metadata, else from ECS. When ECS does not answer at once, it is asked again every
// now and then.
func (m *machine) knowSelf(ctx context.Context, again time.Duration) {
	if m.task == nil || m.task.Service != "" || m.knewSelf(ctx) {
		return
	}
	go func() {
		for rest := time.NewTicker(again); ; {
			select {
			case <-ctx.Done():
				rest.Stop()
				return
			case <-rest.C:
			}
			if m.knewSelf(ctx) {
				rest.Stop()
				return
			}
		}
	}()
}

// knewSelf asks once; true when that settles it.
func (m *machine) knewSelf(ctx context.Context) bool {
	name, err := m.askService(ctx)
	if err != nil {
		m.log.Warn("which service runs this operator is not known yet: it does not update itself last", zap.Error(err))
		return false
	}
	if name != "" { // else a task of no service, or of an account that nothing is done in
		t := *m.task
		t.Service = name
		m.metrics.Task(t.labels())
		m.KnowSelf(t.serviceARN())
		m.log.Info("this operator is the service " + t.serviceARN())
	}
	return true
}

// askService asks ECS for the service of the task, by the first target that leads
// to where the task runs.
func (m *machine) askService(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var unknown error
	names := m.targets.names()
	if names == nil {
		names = []string{resource.DefaultTarget}
	}
	for _, name := range names {
		clients, err := m.pool.For(ctx, name)
		if err != nil {
			unknown = err
			continue
		}
		if clients.Account == m.task.account && clients.Region == m.task.region {
			return kinds.ServiceOfTask(ctx, clients, m.task.Cluster, m.task.ARN)
		}
	}
	return "", unknown
}
