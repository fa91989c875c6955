package sweep

import "encoding/json"

// count is how many tasks a service of the picture is to have; -1 without such a service.
func (p picture) count(service string) int {
	var v struct{ DesiredCount *int }
	if err := json.Unmarshal([]byte(p[service]), &v); err != nil || v.DesiredCount == nil {
		return -1
	}
	return *v.DesiredCount
}

// setCount puts another number there.
func (p picture) setCount(service string, n int) {
	var v map[string]any
	if err := json.Unmarshal([]byte(p[service]), &v); err != nil {
		return
	}
	v["DesiredCount"] = n
	raw, err := json.Marshal(v)
	if err != nil {
		return
	}
	p[service] = string(raw)
}
