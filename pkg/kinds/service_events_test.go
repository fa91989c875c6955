package kinds

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A steady state that is announced once more leaves a service as it was.
func TestLastEvents(t *testing.T) {
	const steady = "(service web) has reached a steady state."
	events := func(messages ...string) (out []types.ServiceEvent) {
		for _, m := range messages {
			out = append(out, types.ServiceEvent{Message: aws.String(m)})
		}
		return out
	}
	for _, c := range []struct{ said, want []string }{
		{nil, nil},
		{[]string{steady, "a", "b"}, []string{steady, "a", "b"}},
		{[]string{steady, steady, steady, "a", "b"}, []string{steady, "a", "b"}},
		{[]string{"a", steady, "a"}, []string{"a", steady, "a"}},
		{[]string{"1", "1", "2", "3", "4", "5", "6"}, []string{"1", "2", "3", "4", "5"}},
	} {
		got := serviceState(&types.Service{Events: lastEvents(events(c.said...))}).LastEvents
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.said, got, c.want)
		}
	}
}
