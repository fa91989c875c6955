package resource

import "strings"

// UnitKey names one service document: the thing that is reconciled as a whole.
// Its identity is never the file that it stands in.
type UnitKey struct {
	Target  string // a named account and region; "default" without a targets file
	Cluster string // the cluster's short name
	Name    string // metadata.name, the ECS service's name
}

// String prints target/cluster/name, without the target where that is "default".
func (k UnitKey) String() string {
	if k.Target == "" || k.Target == DefaultTarget {
		return k.Cluster + "/" + k.Name
	}
	return k.Target + "/" + k.Cluster + "/" + k.Name
}

// Place prints target/cluster, without the target where that is "default".
func (k UnitKey) Place() string { return strings.TrimSuffix(k.String(), "/"+k.Name) }

// TagValue is the value of the unit tag: cluster/name (design: names and tags).
func (k UnitKey) TagValue() string { return k.Cluster + "/" + k.Name }

// DefaultTarget is the target without a targets file: the caller's own
// credentials and region.
const DefaultTarget = "default"

// ID names one AWS object of a unit. It is comparable and never changes over
// the object's life, whatever name AWS knows the object by.
type ID struct {
	Target  string
	Cluster string
	Unit    string // the service document
	Kind    string // Kind.Name
	Name    string // the unit-local key; empty for kinds of which a unit has one
}

// Key is the unit that the object belongs to.
func (id ID) Key() UnitKey { return UnitKey{id.Target, id.Cluster, id.Unit} }

// Local is kind and unit-local name ("alarm/errors", or "service"): the value
// of the key tag, and how the object is called inside its unit.
func (id ID) Local() string {
	if id.Name == "" {
		return id.Kind
	}
	return id.Kind + "/" + id.Name
}

// String prints target/cluster/unit/kind/name.
func (id ID) String() string {
	return strings.Join([]string{id.Target, id.Cluster, id.Unit, id.Local()}, "/")
}

// Less orders IDs for every list that people or tests see.
func (id ID) Less(o ID) bool { return id.Compare(o) < 0 }

// Compare orders IDs as their strings are, without making these.
func (id ID) Compare(o ID) int {
	a := [...]string{id.Target, id.Cluster, id.Unit, id.Kind, id.Name}
	b := [...]string{o.Target, o.Cluster, o.Unit, o.Kind, o.Name}
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if i == len(a)-1 || !strings.HasPrefix(a[i], b[i]) && !strings.HasPrefix(b[i], a[i]) {
			return strings.Compare(a[i], b[i])
		}
		break // what follows the shorter one decides
	}
	if id == o {
		return 0
	}
	return strings.Compare(id.String(), o.String())
}

// Of returns the ID of a sibling object in the same unit.
func (id ID) Of(kind, name string) ID {
	return ID{Target: id.Target, Cluster: id.Cluster, Unit: id.Unit, Kind: kind, Name: name}
}
