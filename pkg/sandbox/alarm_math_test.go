package sandbox

import "testing"

// TestMetricMath: what an expression is over one period, with what was before.
func TestMetricMath(t *testing.T) {
	series := map[string][]float64{"a": {6, 4, 1}, "b": {2, 2, 2}, "gone": {}, "err1": {1}, "err2": {3}, "was": {}}
	scope := mathScope{ids: []string{"a", "b", "err1", "err2", "gone"}, period: 60, value: func(id string, back int) (float64, bool) {
		if id == "was" && back == 3 {
			return 9, true
		}
		if v := series[id]; back < len(v) {
			return v[back], true
		}
		return 0, false
	}}
	for text, want := range map[string]any{
		"a + b * 2": 10.0, "(a + b) * 2": 16.0, "a - b - 1": 3.0, "-a": -6.0, "2 ^ 3": 8.0, "a / 0": nil, "a + gone": nil,
		"a > b": 1.0, "a <= b": 0.0, "a == 6 && b != 3": 1.0, "a < 1 || b == 2": 1.0, "a > 1 AND b > 5": 0.0, "a > 1 OR b > 5": 1.0,
		"FILL(gone, 0) + FILL(a,0)": 6.0, "FILL(was, REPEAT)": 9.0, "FILL(gone, REPEAT)": nil,
		"IF(a > 5, b, 0)": 2.0, "IF(a > 50, b)": nil, "IF(a > 50, b, 7)": 7.0, "IF(gone, 1, 2)": nil,
		"SUM([a, b])": 8.0, "AVG([a, b, gone])": 4.0, "MIN(METRICS())": 1.0, "MAX(METRICS())": 6.0, `SUM(METRICS("err"))`: 4.0, "SUM(METRICS('gone'))": nil,
		"RATE(a) * PERIOD(a)": 2.0, "DIFF(a)": 2.0, "DIFF(err1)": nil, "ABS(b - a)": 4.0, "CEIL(a / 4) + FLOOR(a / 4)": 3.0, "60 * (err1 / a)": 10.0,
		"ANOMALY_DETECTION_BAND(a, 2)": nil, // stored, not computed
	} {
		n, err := parseMath(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if v, ok := n.value(scope, 0); ok != (want != nil) || ok && v != want {
			t.Errorf("%s: %v, %v, want %v", text, v, ok, want)
		}
	}
	for _, text := range []string{"", "a +", "a b", "FILL(a)", "IF(a)", "SEARCH('x', 'Sum', 60)", "(a", "[a, b", "NOPE(a)", `METRICS("err`, "a & b", "IF(a, b, 1, 2)"} {
		if _, err := parseMath(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
