package sandbox

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"
	"unique"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Entry is one call as the journal keeps it.
type Entry struct {
	Time      time.Time // of the world
	Service   string
	Operation string
	Write     bool   // the operation is one that changes things, whether or not it did
	Error     string // the code that was answered, "" for success
	UserAgent string
	AccessKey string // the key id that signed it
	RequestID string
	Subject   string // what it was about: a name or an ARN
}

// journalSize bounds what is kept: a daemon may run against a sandbox for days.
const journalSize = 20000

type journal struct{ entries []Entry }

func (j *journal) add(e Entry) {
	if len(j.entries) >= journalSize {
		j.entries = lastCalls(j.entries, journalSize*3/4)
	}
	j.entries = append(j.entries, e)
}

// lastCalls keeps n calls of a journal in their order: the newest, but no read
// at the cost of a write, because writes are what people look for afterwards.
func lastCalls(all []Entry, n int) []Entry {
	drop := len(all) - n
	if drop <= 0 {
		return all
	}
	kept := make([]Entry, 0, n)
	for _, e := range all {
		if drop > 0 && !e.Write {
			drop--
			continue
		}
		kept = append(kept, e)
	}
	return kept[drop:] // writes alone were more than n
}

// Journal lists the calls answered so far, oldest first.
func (s *Sandbox) Journal() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Entry{}, s.journal.entries...)
}

// Writes lists the calls of operations that change things, refused ones
// included.
func (s *Sandbox) Writes() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Entry
	for i := range s.journal.entries { // most are reads
		if e := &s.journal.entries[i]; e.Write {
			out = append(out, *e)
		}
	}
	return out
}

func (s *Sandbox) note(id string, o operation, r *http.Request, in any, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal.add(entryOf(id, s.now(), o, r, in, code))
}

// entryOf keeps nothing of the call itself: a piece of a header or of a body would hold
// all of it as long as the journal does.
func entryOf(id string, now time.Time, o operation, r *http.Request, in any, code string) Entry {
	return Entry{Time: now, Service: o.service, Operation: o.name, Write: o.writes, Error: code,
		UserAgent: one(r.UserAgent()), AccessKey: one(accessKey(r)), RequestID: id, Subject: strings.Clone(subject(in))}
}

// one is a text of which there is one in memory, however many entries have it.
func one(text string) string { return unique.Make(text).Value() }

// subjectFields name what a call is about, the most telling first.
var subjectFields = []string{
	"ServiceName", "Service", "Services", "PolicyName", "ScheduledActionName", "AlarmName", "AlarmNames", "Name", "Names",
	"RuleArn", "RuleArns", "TargetGroupArn", "TargetGroupArns", "ListenerArn", "ListenerArns", "LoadBalancerArn", "LoadBalancerArns",
	"ServiceDeploymentArn", "ServiceDeploymentArns", "ServiceRevisionArns", "ResourceId", "ResourceIds", "ResourceArn", "ResourceARN", "ResourceArns",
	"Task", "Tasks", "Family", "TaskDefinition", "TaskDefinitions", "ClusterName", "CapacityProviders", "Cluster", "Clusters", "RoleArn", "Key", "Bucket",
}

// subject is a short word on what an input is about.
func subject(in any) string {
	v := reflect.Indirect(reflect.ValueOf(in))
	for _, i := range subjectsOf(v.Type()) {
		f := v.Field(i)
		if f.Kind() == reflect.Slice && f.Len() > 0 {
			f = f.Index(0)
		}
		f = reflect.Indirect(f)
		if f.Kind() == reflect.String && f.Len() > 0 {
			return f.String()
		}
	}
	return ""
}

var subjectCache sync.Map // reflect.Type → []int

// subjectsOf are those of the subjectFields that an input has, in their order.
func subjectsOf(t reflect.Type) []int {
	if have, ok := subjectCache.Load(t); ok {
		return have.([]int)
	}
	var out []int
	for _, name := range subjectFields {
		for _, f := range shape.Fields(t) {
			if f.GoName == name {
				out = append(out, f.Index)
			}
		}
	}
	subjectCache.Store(t, out)
	return out
}

// serveOwnPage answers what is not AWS: GET /_sandbox/journal is the journal as
// JSON, GET /_sandbox/health says that the sandbox is up.
func serveOwnPage(s *Sandbox, w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	switch r.URL.Path {
	case "/_sandbox/journal":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Journal()) // the client is gone: nobody to tell
	case "/_sandbox/health":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"clock": s.Clock(), "account": Account, "region": Region})
	default:
		return false
	}
	return true
}
