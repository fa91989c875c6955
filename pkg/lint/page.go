package lint

import (
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Page is docs/lint.md.
func Page() string {
	var b strings.Builder
	b.WriteString(`# Lint

` + "`validate`" + ` and every other command that loads documents look for these, without asking AWS. Each finding has
file, line and column, and its code behind the message. **Errors** are what AWS surely refuses: a document with
one is frozen, as with any other error. **Warnings** are what AWS takes and is seldom meant; they stop nothing.
` + "`ecs-operator explain CODE`" + ` tells the same. The page is made from the table of the rules.

| code | severity | what must be so | what to do |
|---|---|---|---|
`)
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Code, SeverityName(r.Severity), r.What, r.Remedy)
	}
	return b.String()
}

// SeverityName is how people call a severity.
func SeverityName(s spec.Severity) string {
	if s == spec.Warning {
		return "warning"
	}
	return "error"
}
