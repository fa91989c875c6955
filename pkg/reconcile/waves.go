package reconcile

import (
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// gate is why no service of a wave may start a deployment yet: one of a lower wave
// had something to do and is not Ready with its present document. A service that
// had nothing to do is in nobody's way, however its tasks fare. The lock is held.
func (f *fleet) gate(wave int) (status.Reason, string) {
	lowest, failed := wave, map[int][]string{}
	waits := map[int][]string{}
	for key, b := range f.berths {
		if b.wave >= wave || b.self {
			continue
		}
		blocks, fails, word := b.blocks()
		if !blocks {
			continue
		}
		lowest = min(lowest, b.wave)
		text := fmt.Sprintf("%s (%s)", key.Name, word)
		if waits[b.wave] = append(waits[b.wave], text); fails {
			failed[b.wave] = append(failed[b.wave], text)
		}
	}
	switch {
	case lowest == wave:
		return "", ""
	case len(failed[lowest]) > 0:
		return status.WaveFailed, fmt.Sprintf("wave %d stands still at %s: nothing of a later wave is deployed before that is mended", lowest, several(failed[lowest]))
	}
	return status.WaveWaiting, fmt.Sprintf("waits for wave %d: %s", lowest, several(waits[lowest]))
}

// open reports whether services of a wave may start deployments.
func (f *fleet) open(wave int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	reason, _ := f.gate(wave)
	return reason == ""
}

// blocks reports whether a service holds later waves up, whether only a person or
// a new document ends that, and how it stands.
func (b *berth) blocks() (blocks, fails bool, word string) {
	switch {
	case b.observe:
		return false, false, ""
	case b.seen != b.wanted:
		return true, false, "not looked at yet"
	case b.state == status.StateReady:
		return b.running, false, string(status.RolloutInProgress) // started in the pass that saw it
	case b.pending:
	case !b.worked || b.reason == status.DriftGrace || b.reason == status.Contested:
		return false, false, ""
	}
	return true, b.state == status.StateStalled || b.reason.Exit() == status.ExitRolloutFailed, string(b.reason)
}

// laterNeeds finds services that wait for one of a later wave, which waits for
// them: neither would ever be deployed.
func (l *loading) laterNeeds() {
	var bad []resource.UnitKey
	for _, key := range l.keys() {
		u := l.byKey[key]
		for _, need := range u.DependsOn {
			to := l.byKey[need]
			if to == nil || to.Policy.Wave <= u.Policy.Wave {
				continue
			}
			l.bad(key, u.Pos, "dependsOn %s, which is of wave %d and waits for wave %d of this one: give it no later wave", need.Name, to.Policy.Wave, u.Policy.Wave)
			bad = append(bad, key)
			break
		}
	}
	for _, key := range bad {
		delete(l.byKey, key)
	}
}
