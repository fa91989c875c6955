// Package recorded reads AWS answers that other people recorded, for tests that
// hold the sandbox and the diff to them. It knows the forms in which such
// answers are kept: what the CLI prints, placebo's envelopes, Cloud Control's
// models and localstack's snapshots.
package recorded

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// Form is how an answer was kept, which decides how closely it can be compared.
type Form string

// The forms: an answer of the service itself, or the model that Cloud Control
// makes of one, which pads empty lists and renames members.
const (
	Describe     Form = "describe"
	CloudControl Form = "cloud-control"
)

// Answer is one recorded resource.
type Answer struct {
	File  string // path below the folder that was read
	Index int    // place in the file
	Kind  string // "task-definition", "service", …: the key in members
	Form  Form
	Body  map[string]any
	// Declared is what was asked for, where the recording says so.
	Declared map[string]any
}

// String names the answer for messages.
func (a Answer) String() string { return fmt.Sprintf("%s#%d", a.File, a.Index) }

// Folders of the corpus hold what was recorded on the real AWS.
var Folders = []string{
	"outputs/describe-task-definition", "outputs/describe-services", "outputs/describe-target-groups", "outputs/describe-rules",
	"outputs/describe-listeners", "outputs/describe-alarms", "outputs/describe-scalable-targets", "outputs/describe-scaling-policies",
	"outputs/utf-16", "outputs/declared-vs-live", "outputs/localstack-snapshots",
}

// Unread is a file, or a part of one, that holds no answer of a known kind.
type Unread struct{ File, Why string }

// members are the members of answers that hold resources.
var members = map[string]string{
	"taskDefinition":  "task-definition",
	"services":        "service",
	"TargetGroups":    "target-group",
	"Rules":           "rule",
	"Listeners":       "listener",
	"MetricAlarms":    "alarm",
	"CompositeAlarms": "composite-alarm",
	"ScalableTargets": "scalable-target",
	"ScalingPolicies": "scaling-policy",
}

// models are Cloud Control's names of the same.
var models = map[string]string{
	"AWS::ECS::TaskDefinition":                    "task-definition",
	"AWS::ECS::Service":                           "service",
	"AWS::ElasticLoadBalancingV2::TargetGroup":    "target-group",
	"AWS::ElasticLoadBalancingV2::ListenerRule":   "rule",
	"AWS::ElasticLoadBalancingV2::Listener":       "listener",
	"AWS::CloudWatch::Alarm":                      "alarm",
	"AWS::CloudWatch::CompositeAlarm":             "composite-alarm",
	"AWS::ApplicationAutoScaling::ScalableTarget": "scalable-target",
	"AWS::ApplicationAutoScaling::ScalingPolicy":  "scaling-policy",
}

// Read finds the answers in the named folders of a file system, in the order of
// their paths. Documents that cannot be read are told, not skipped in silence.
func Read(fsys fs.FS, folders ...string) (answers []Answer, unread []Unread, err error) {
	for _, folder := range folders {
		files, err := fs.Glob(fsys, filepath.ToSlash(filepath.Join(folder, "*.json")))
		if err != nil {
			return nil, nil, err
		}
		for _, file := range files {
			data, err := fs.ReadFile(fsys, file)
			if err != nil {
				return nil, nil, err
			}
			doc, err := Document(data)
			if err != nil {
				unread = append(unread, Unread{file, err.Error()})
				continue
			}
			found := answersIn(doc)
			if len(found) == 0 {
				unread = append(unread, Unread{file, "no resource of a kind that is compared"})
			}
			for i, a := range found {
				a.File, a.Index = file, i
				answers = append(answers, a)
			}
		}
	}
	return answers, unread, nil
}

// Document parses JSON as people keep it: in UTF-16 or with a byte order mark,
// with comment lines before it, with placebo's datetimes (which become null) and
// localstack's masks (which become what they stand for).
func Document(data []byte) (any, error) {
	text := Text(data)
	for bytes.HasPrefix(bytes.TrimSpace(text), []byte("#")) {
		_, text, _ = bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	return plain(doc), nil
}

// Text turns UTF-16 with a byte order mark into UTF-8 and drops the mark of
// UTF-8.
func Text(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

var mask = regexp.MustCompile(`<([a-z_-]+)(?::([0-9]+))?>`)

func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["__class__"]; ok {
			return nil
		}
		for k, x := range v {
			v[k] = plain(x)
		}
	case []any:
		for i, x := range v {
			v[i] = plain(x)
		}
	case string:
		if v == "timestamp" { // localstack's mask of a time
			return nil
		}
		if strings.HasPrefix(v, "<topic") {
			v = "arn:<partition>:sns:<region>:123456789012:" + v
		}
		return mask.ReplaceAllStringFunc(v, unmask)
	}
	return v
}

func unmask(m string) string {
	parts := mask.FindStringSubmatch(m)
	switch parts[1] {
	case "partition":
		return "aws"
	case "region":
		return "us-east-1"
	}
	return strings.TrimSuffix(parts[1]+"-"+parts[2], "-")
}

// answersIn walks a document to the resources in it, in the order of the names
// of members.
func answersIn(doc any) []Answer {
	m, ok := doc.(map[string]any)
	if !ok {
		return nil
	}
	if live, ok := m["liveRaw"].(map[string]any); ok {
		r, _ := m["resource"].(map[string]any)
		model, _ := r["resourceType"].(string)
		declared, _ := r["declared"].(map[string]any)
		if kind := models[model]; kind != "" {
			return []Answer{{Kind: kind, Form: CloudControl, Body: live, Declared: declared}}
		}
		return nil
	}
	if _, bare := m["taskDefinition"]; m["containerDefinitions"] != nil && !bare {
		return []Answer{{Kind: "task-definition", Form: Describe, Body: m}}
	}
	var out []Answer
	for _, name := range names(m) {
		kind := members[name]
		switch v := m[name].(type) {
		case []any:
			for _, item := range v {
				if body, ok := item.(map[string]any); ok && kind != "" {
					out = append(out, Answer{Kind: kind, Form: Describe, Body: body})
				}
			}
		case map[string]any:
			if kind == "task-definition" {
				out = append(out, Answer{Kind: kind, Form: Describe, Body: v})
				continue
			}
			out = append(out, answersIn(v)...)
		}
	}
	return out
}

func names(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Decode reads the recorded body into the SDK's type of what the kind's describe
// call answers. Names match without regard to case; a model of Cloud Control is
// read by the names that the API has for its members.
func Decode[T any](a Answer) (*T, error) { return decode[T](a.Kind, a.Body) }

// DecodeDeclared does the same with what was asked for.
func DecodeDeclared[T any](a Answer) (*T, error) { return decode[T](a.Kind, a.Declared) }

func decode[T any](kind string, body map[string]any) (*T, error) {
	raw, err := json.Marshal(inAPI(kind, body))
	if err != nil {
		return nil, err
	}
	out := new(T)
	return out, json.Unmarshal(raw, out)
}

// modelNames are Cloud Control's names of members that the API calls otherwise,
// by kind.
var modelNames = map[string]map[string]string{
	"service":      {"PlacementStrategies": "placementStrategy", "Name": "serviceName", "Cluster": "clusterArn", "Role": "roleArn"},
	"target-group": {"Name": "TargetGroupName"},
}

// inAPI is a body as the API would answer it.
func inAPI(kind string, body map[string]any) map[string]any {
	out := map[string]any{}
	for _, k := range names(body) {
		v, name := body[k], k
		if n, ok := modelNames[kind][k]; ok {
			name = n
		}
		switch {
		case kind == "alarm" && k == "StateReasonData":
			continue // a string of JSON, which snapshots show parsed
		case kind == "rule" && k == "Priority":
			v = fmt.Sprint(v) // a number in the model, text in the API
		}
		out[name] = v
	}
	return out
}
