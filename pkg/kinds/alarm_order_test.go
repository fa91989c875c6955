package kinds

import (
	"strings"
	"testing"
)

// Every alarm that a rule names is found, in each form that AWS takes.
func TestAlarmsOfRule(t *testing.T) {
	for rule, want := range map[string]string{
		`ALARM(a) AND NOT OK("b c") OR TRUE`:                               "a|b c",
		`AT_LEAST(2, ALARM, (a, "b (c), d", arn:aws:cloudwatch::alarm:e))`: "a|b (c), d|arn:aws:cloudwatch::alarm:e",
		`ALARM(x) AND AT_LEAST( 50% , NOT OK , ( y ) )`:                    "x|y",
	} {
		if got := strings.Join(alarmsOfRule(rule), "|"); got != want {
			t.Errorf("%s: %s", rule, got)
		}
	}
}
