package sandbox

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

const ecsPrefix = "arn:aws:ecs:" + Region + ":" + Account + ":"

func clusterARN(cluster string) string { return ecsPrefix + "cluster/" + cluster }
func serviceARN(cluster, service string) string {
	return ecsPrefix + "service/" + cluster + "/" + service
}
func taskARN(cluster, id string) string { return ecsPrefix + "task/" + cluster + "/" + id }
func instanceARN(cluster, id string) string {
	return ecsPrefix + "container-instance/" + cluster + "/" + id
}
func taskDefARN(family string, revision int32) string {
	return fmt.Sprintf("%stask-definition/%s:%d", ecsPrefix, family, revision)
}
func providerARN(name string) string { return ecsPrefix + "capacity-provider/" + name }
func revisionARN(cluster, service, digits string) string {
	return ecsPrefix + "service-revision/" + cluster + "/" + service + "/" + digits
}
func deploymentARN(cluster, service, id string) string {
	return ecsPrefix + "service-deployment/" + cluster + "/" + service + "/" + id
}

// lastSegment is what stands behind the last slash: a name or an id out of an
// ARN, or the text itself.
func lastSegment(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// rolloutDigits makes the 19 digits of a deployment id.
func (w *World) rolloutDigits() string {
	n, _ := strconv.ParseUint(w.hexID(15), 16, 64) // 60 bits
	return fmt.Sprintf("%019d", 1_000_000_000_000_000_000+n)
}

// deploymentID makes the id of a service deployment: 21 letters and digits.
func (w *World) deploymentID() string {
	n, _ := new(big.Int).SetString(w.hexID(32), 16)
	id := n.Text(62)
	return (strings.Repeat("0", 21) + id)[len(id):]
}

// uuid makes an id in the form of event ids.
func (w *World) uuid() string {
	h := w.hexID(32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// page cuts one page out of a sorted list. The token is the number of things
// already seen, wrapped so that a client does not count on it.
func page[T any](all []T, token *string, max *int32, fallback, most int) ([]T, *string, error) {
	size := fallback
	if max != nil {
		if *max < 1 || int(*max) > most {
			return nil, nil, refuse("InvalidParameterException", "maxResults must be between 1 and %d.", most)
		}
		size = int(*max)
	}
	start := 0
	if token != nil && *token != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(*token, "eyJ-"))
		if err != nil || !strings.HasPrefix(*token, "eyJ-") || n < 0 {
			return nil, nil, refuse("InvalidParameterException", "Invalid token %s", *token)
		}
		start = min(n, len(all))
	}
	end := min(start+size, len(all))
	if end == len(all) {
		return all[start:end], nil, nil
	}
	return all[start:end], new(fmt.Sprintf("eyJ-%d", end)), nil
}
