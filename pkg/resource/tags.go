package resource

import (
	"strings"
	"unicode"
)

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
	TagHook       = TagPrefix + "hook-"       // and the hook's name: on task definition revisions
	TagSecretHash = TagPrefix + "secret-hash" // on listener rules: which client secret was sent
)

// DefaultOwner is the value of the owner tag without --owner.
const DefaultOwner = "ecs-operator"

// MaxTagValue is how many characters AWS takes in a tag's value (TagResource).
const MaxTagValue = 256

// TagText makes any words fit for a tag's value: letters, digits, spaces and
// + - = . _ : / @ are what all services of AWS take (ecs.TagResource's comment);
// anything else becomes a space, runs of spaces one, and what is over the
// length is cut off.
func TagText(s string) string {
	fit := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("+-=._:/@", r) {
			return r
		}
		return ' '
	}, s)), " ")
	if runes := []rune(fit); len(runes) > MaxTagValue {
		fit = strings.TrimSpace(string(runes[:MaxTagValue]))
	}
	return fit
}
