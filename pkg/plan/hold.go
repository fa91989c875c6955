package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Hold is what a rollback by hand puts aside, and where the service went. It is
// written before anything is done upon it, so that whoever reads it can finish it.
type Hold struct {
	Items []HeldContent `json:"contents"` // the latest first
	// To is family:revision of the task definition, and Revision the id of the
	// service revision that it goes back to, "" where only the former is known.
	To       string `json:"to"`
	Revision string `json:"serviceRevision,omitempty"`
	By       string `json:"by,omitempty"`
}

// HeldContent is one content that was put aside.
type HeldContent struct {
	Hash string `json:"hash"`
	// Revision is the id of the service revision that carried it, "" for a content
	// that was not deployed. ECS' history is searched for it.
	Revision string `json:"serviceRevision,omitempty"`
}

// ParseHold reads the hold tag, "HASH[@REVISION]… to=family:N rev=ID by=WHO";
// false for one that names no content.
func ParseHold(tag string) (Hold, bool) {
	var h Hold
	for w := range strings.FieldsSeq(tag) {
		key, value, pair := strings.Cut(w, "=")
		switch {
		case !pair:
			hash, revision, _ := strings.Cut(w, "@")
			h.Items = append(h.Items, HeldContent{hash, revision})
		case key == "to":
			h.To = value
		case key == "rev":
			h.Revision = value
		case key == "by":
			h.By = value
		}
	}
	return h, len(h.Items) > 0
}

// Tag is the value of the tag. It keeps to AWS' alphabet and length: what finds no
// room is who asked, then the oldest contents. It is an error where not even the
// latest content and the way back do.
func (h Hold) Tag() (string, error) {
	if len(h.Items) == 0 {
		return "", nil
	}
	way := ""
	if h.To != "" {
		way += " to=" + h.To
	}
	if h.Revision != "" {
		way += " rev=" + h.Revision
	}
	out := h.Items[0].word()
	if len(out)+len(way) > resource.MaxTagValue {
		if h.Revision == "" {
			return "", fmt.Errorf("the name of the family %s is too long to be remembered in a tag: change the document instead", h.To)
		}
		way = " rev=" + h.Revision
	}
	for _, item := range h.Items[1:] {
		if w := item.word(); len(out)+1+len(w)+len(way) <= resource.MaxTagValue {
			out += " " + w
		}
	}
	out += way
	if by := strings.ReplaceAll(resource.TagText(h.By), " ", "_"); by != "" && len([]rune(out+" by="+by)) <= resource.MaxTagValue {
		out += " by=" + by
	}
	return out, nil
}

func (c HeldContent) word() string {
	if c.Revision == "" {
		return c.Hash
	}
	return c.Hash + "@" + c.Revision
}

// Carries reports whether the content of a unit was put aside.
func (h Hold) Carries(u *resource.Unit) bool {
	return slices.ContainsFunc(h.Items, func(c HeldContent) bool { return u.Carries(c.Hash) })
}

// Has reports whether the content of a hash was put aside.
func (h Hold) Has(hash string) bool {
	return hash != "" && slices.ContainsFunc(h.Items, func(c HeldContent) bool { return c.Hash == hash })
}

// Without is the hold without the content of a unit.
func (h Hold) Without(u *resource.Unit) Hold {
	h.Items = slices.DeleteFunc(slices.Clone(h.Items), func(c HeldContent) bool { return u.Carries(c.Hash) })
	return h
}

// At reports whether the service is where the rollback went.
func (h Hold) At(s *resource.ServiceState) bool {
	switch {
	case s == nil:
		return false
	case h.Revision != "" && RevisionID(s.Revision) == h.Revision:
		return true
	}
	return h.To != "" && RevisionName(s.TaskDefinition) == h.To // ECS makes a new service revision of the same content
}

// onHold is the sentence for content that was put aside.
func onHold(h Hold) string {
	s := "rolled back by hand"
	if h.To != "" {
		s += " to " + h.To
	}
	if h.By != "" {
		s += " by " + h.By
	}
	return s + ", waiting for a new commit; `ecs-operator retry` deploys this one all the same"
}

// RevisionID is the last part of a service revision's ARN.
func RevisionID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
