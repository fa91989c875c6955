package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
)

// pathsVersion is that of the hash of written paths: the tag names it, and a hash
// of another version is not compared.
const pathsVersion = "1-"

// pathsHash is the memory of an object beside the rollout content: which of the
// fields were written that weigh too much to go back to AWS' default unless the
// author deleted their line. It covers paths and no values: of values the live
// object tells. "" where no such field is written, and for kinds that have none.
func pathsHash(k Kind, o *Object) string {
	ruled, ok := k.(Ruled)
	if !ok {
		return ""
	}
	paths := ruled.Rules(o, Compare{}).Heavy(o.Want, o.Extra, o.Written, diff.TasksLater)
	if len(paths) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(paths, "\n")))
	return pathsVersion + hex.EncodeToString(sum[:12])
}

// Surrounding reports whether the object has a memory of its own: it can carry a
// tag and is no part of the rollout content, of which the service's tag tells.
func (id ID) Surrounding() bool {
	switch id.Kind {
	case KindTargetGroup, KindListenerRule, KindScalableTarget, KindAlarm:
		return true
	}
	return false
}

// LineDeleted reports whether one of an object's weighty fields was written at our
// last write of it and is written no more, as far as its tag tells: the two sets
// differ. No tag is an empty set, of which nothing was deleted; so it is with an
// object that was adopted, or written by a version that left no tag. What a version
// of another hash wrote tells nothing.
func LineDeleted(o *Object, l *Live) bool {
	have := l.Tags[TagSpecHash]
	return l.Presence == Present && strings.HasPrefix(have, pathsVersion) && have != o.Tags[TagSpecHash]
}
