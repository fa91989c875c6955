package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// event is as much of an EventBridge event as is looked at.
// Source: "Amazon ECS events", "CodeCommit events" and "Using EventBridge" of S3 in
// the guides of these services.
type event struct {
	Source     string   `json:"source"`
	DetailType string   `json:"detail-type"`
	Resources  []string `json:"resources"`
	Detail     struct {
		ClusterArn string `json:"clusterArn"`
		Group      string `json:"group"` // of a task: service:NAME
	} `json:"detail"`
}

// hint is what an event says to us: which service to look at, or that the
// documents may have changed; the zero value is nothing for us.
type hint struct {
	cluster, service string
	source           bool
}

var errForeign = errors.New("is not an event of EventBridge's")

// parse reads a message: an event, or one that SNS wrapped.
func parse(body string) (hint, error) {
	var e event
	if err := decode(body, &e); err != nil {
		return hint{}, err
	}
	if e.DetailType == "" {
		var wrapped struct{ Type, Message string }
		if decode(body, &wrapped) != nil || wrapped.Type != "Notification" {
			return hint{}, errForeign
		}
		if err := decode(wrapped.Message, &e); err != nil || e.DetailType == "" {
			return hint{}, errForeign
		}
	}
	return e.hint(), nil
}

// decode reads one JSON object and nothing behind it.
func decode(text string, into any) error {
	if d := bytes.TrimSpace([]byte(text)); len(d) == 0 || d[0] != '{' {
		return errForeign
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return errForeign // the error would quote what somebody sent
	}
	return nil
}

func (e event) hint() hint {
	switch e.DetailType {
	case "ECS Deployment State Change", "ECS Service Action":
		for _, arn := range e.Resources {
			if h := serviceOf(arn); h.service != "" {
				return h
			}
		}
	case "ECS Task State Change":
		name, ok := strings.CutPrefix(e.Detail.Group, "service:")
		_, cluster, in := strings.Cut(e.Detail.ClusterArn, ":cluster/")
		if ok && in {
			return hint{cluster: cluster, service: name}
		}
	case "CodeCommit Repository State Change", "Object Created", "Object Deleted":
		return hint{source: true}
	}
	return hint{}
}

// serviceOf reads arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME.
func serviceOf(arn string) hint {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "ecs" {
		return hint{}
	}
	path := strings.Split(parts[5], "/")
	if len(path) != 3 || path[0] != "service" {
		return hint{}
	}
	return hint{cluster: path[1], service: path[2]}
}
