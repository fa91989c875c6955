package reconcile

import (
	"maps"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// word is a person's, on a service without a document: the tag approved as it was read.
type word struct{ arn, tag string }

// hear keeps the word that a service carries now. The census may have its tags of long
// ago: where there are many they are read in turns.
func (e *Engine) hear(service resource.Live) {
	if service.Presence != resource.Present {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.words[service.ID.Key()] = word{service.ARN, service.Tags[resource.TagApproved]}
}

// spoken is a service of the census with the word that was read from it since. The lock is held.
func (e *Engine) spoken(service resource.Live) resource.Live {
	w, ok := e.words[service.ID.Key()]
	if !ok || w.arn != service.ARN || w.tag == "" || w.tag == service.Tags[resource.TagApproved] {
		return service
	}
	service.Tags = maps.Clone(service.Tags)
	service.Tags[resource.TagApproved] = w.tag
	return service
}
