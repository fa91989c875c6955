package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Seal is what a saved plan keeps of one unit: enough to tell, later and in
// another process, whether the same plan would be made again. It holds digests
// only, so that no secret travels with it.
type Seal struct {
	// Hash is over everything here but Revision, which says only from where the
	// documents came: a commit that leaves the unit as it was moves nothing.
	Hash        string       `json:"hash"`
	ContentHash string       `json:"contentHash"`
	Revision    string       `json:"revision,omitempty"`
	Quarantine  string       `json:"quarantine,omitempty"` // deployment that will be quarantined
	Steps       []SealedStep `json:"steps"`                // those that do something or are held back
}

// SealedStep is one step of a Seal.
type SealedStep struct {
	ID      string        `json:"id"` // resource.ID.Local
	Action  Action        `json:"action"`
	Blocked status.Reason `json:"blocked,omitempty"`
	// Seen is Step.Seen, without the count that an autoscaler owns.
	Seen    string `json:"seen,omitempty"`
	Want    string `json:"want"`              // digest of body, extras and tags as wanted
	Changes string `json:"changes,omitempty"` // digest of what would change, "" for nothing
}

// Whole reports whether the seal is as it was made.
func (s Seal) Whole() bool { return s.Hash != "" && s.Hash == s.sum() }

func (s Seal) sum() string {
	s.Hash, s.Revision = "", ""
	return digest(s)
}

// seal makes the unit's seal from the steps as they are planned.
func (m *maker) seal() Seal {
	s := Seal{ContentHash: m.plan.ContentHash, Revision: m.plan.Revision, Steps: []SealedStep{}}
	if q := m.plan.Quarantine; q != nil {
		s.Quarantine = q.Deployment
	}
	for i, step := range m.plan.Steps {
		if step.Action == ActionNone && step.Blocked == "" {
			continue
		}
		d := m.of[i]
		s.Steps = append(s.Steps, SealedStep{ID: step.ID.Local(), Action: step.Action, Blocked: step.Blocked,
			Seen: m.basis(d), Want: digest([]any{shape.Plain(d.Want, nil), d.object.Extra, d.object.Tags}), Changes: changesDigest(step.Changes)})
	}
	s.Hash = s.sum()
	return s
}

// Sealed seals a plan that no maker made: that of a verb, like restart.
func Sealed(p Plan) Plan {
	s := Seal{ContentHash: p.ContentHash, Revision: p.Revision, Steps: []SealedStep{}}
	for _, step := range p.Steps {
		s.Steps = append(s.Steps, SealedStep{ID: step.ID.Local(), Action: step.Action, Blocked: step.Blocked, Seen: step.Seen, Changes: changesDigest(step.Changes)})
	}
	s.Hash = s.sum()
	p.Seal = s
	return p
}

// basis is the fingerprint of what was planned on. Autoscaling moves the count
// all day, and that is no reason to plan again.
func (m *maker) basis(d *draft) string {
	if d.ID.Kind != resource.KindService {
		return d.Seen
	}
	live := d.live
	if _, ok := live.Tags[resource.TagApproved]; ok { // a person's word on a plan is no part of it
		live.Tags = maps.Clone(live.Tags)
		delete(live.Tags, resource.TagApproved)
	}
	body, ok := shape.Plain(d.live.Value, nil).(map[string]any)
	if !m.cmp.HasScalableTarget || !ok {
		return live.Fingerprint()
	}
	body = maps.Clone(body)
	delete(body, "desiredCount")
	live.Value = body
	return live.Fingerprint()
}

// changesDigest leaves out what is only shown, and what only explains: the words
// and the lines of a document may change without a change of what is done.
func changesDigest(changes []diff.Change) string {
	list := effective(changes)
	if len(list) == 0 {
		return ""
	}
	for i := range list {
		list[i].Pos, list[i].Note, list[i].Reason = "", "", ""
	}
	return digest(list)
}

func digest(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // plain maps, slices and scalars only
		panic("plan: digest: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// Moved says what is not as it was when the seal was made, one sentence each;
// none when the same would be done.
func (s Seal) Moved(now Seal) []string {
	if s.Hash == now.Hash {
		return nil
	}
	var out []string
	was, is := s.byID(), now.byID()
	for _, step := range s.Steps {
		if old, ok := was[step.ID]; ok {
			delete(was, step.ID) // two steps of one object are told once
			if why := old.moved(is[step.ID]); why != "" {
				out = append(out, step.ID+" "+why)
			}
		}
	}
	told := s.byID()
	for _, step := range now.Steps {
		if told[step.ID] == nil {
			told[step.ID] = sealedSteps{step}
			out = append(out, fmt.Sprintf("%s differs now (%s), and did not then", step.ID, step.Action))
		}
	}
	if s.Quarantine != now.Quarantine {
		out = append(out, "another deployment of this content has failed")
	}
	if len(out) == 0 { // the content hash alone, or the order
		out = append(out, "the document changed")
	}
	return out
}

// sealedSteps are those of one object.
type sealedSteps []SealedStep

func (s Seal) byID() map[string]sealedSteps {
	out := map[string]sealedSteps{}
	for _, step := range s.Steps {
		out[step.ID] = append(out[step.ID], step)
	}
	return out
}

func (s sealedSteps) moved(now sealedSteps) string {
	if len(now) == 0 {
		return "needs nothing any more: it was changed, or this plan was carried out already"
	}
	if s[0].Seen != now[0].Seen {
		switch {
		case s[0].Seen == "":
			return "exists now"
		case now[0].Seen == "":
			return "is gone"
		}
		return "was changed in AWS"
	}
	if s[0].Want != now[0].Want {
		return "is written otherwise in the documents, or what it refers to has changed"
	}
	for i := range min(len(s), len(now)) {
		a, b := s[i], now[i]
		switch {
		case a.Blocked != b.Blocked && b.Blocked == "":
			return fmt.Sprintf("is no longer held back (%s)", a.Blocked)
		case a.Blocked != b.Blocked:
			return fmt.Sprintf("is held back now (%s)", b.Blocked)
		case a.Action != b.Action:
			return fmt.Sprintf("was to be done by %s, and is now by %s", a.Action, b.Action)
		case a.Changes != b.Changes:
			return "would be changed otherwise"
		}
	}
	if len(s) != len(now) {
		return "would be changed otherwise"
	}
	return ""
}
