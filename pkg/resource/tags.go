package resource

// The only memory of the operator: tags (design: "Memory: names and the only
// tags" is the authority for what each one says and where it stands).
const (
	TagPrefix     = "ecs-operator:"
	TagOwner      = TagPrefix + "owner"
	TagScope      = TagPrefix + "scope"
	TagUnit       = TagPrefix + "unit"
	TagKey        = TagPrefix + "key"
	TagSpecHash   = TagPrefix + "spec-hash"
	TagRevision   = TagPrefix + "revision"
	TagOnDelete   = TagPrefix + "on-delete"
	TagSuspend    = TagPrefix + "suspend"
	TagQuarantine = TagPrefix + "quarantine"
	TagHold       = TagPrefix + "hold"
	TagApproved   = TagPrefix + "approved"
)

// DefaultOwner is the value of the owner tag without --owner.
const DefaultOwner = "ecs-operator"
