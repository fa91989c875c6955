package sweep

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// The second account. Its Region is another one, too, so that the signature of a call
// says where it goes.
const (
	secondTarget  = "second"
	secondAccount = "210987654321"
	secondRegion  = "eu-west-1"
)

// targets are where the documents of the scenario may lead.
func (s *scenario) targets() map[string]awsclient.Target {
	all := map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}}
	if s.second {
		all[secondTarget] = awsclient.Target{Account: secondAccount, Region: secondRegion}
	}
	return all
}

// abroad is the way to the second account: the embedded AWS is one account in one Region,
// whose names are changed for the other's in what it is told and in what it answers.
type abroad struct{ to http.RoundTripper }

var (
	there = strings.NewReplacer(secondAccount, sandbox.Account, secondRegion, sandbox.Region) // names of one length
	back  = strings.NewReplacer(sandbox.Account, secondAccount, sandbox.Region, secondRegion)
)

// RoundTrip makes a call there.
func (a abroad) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(there.Replace(string(raw))))
	}
	resp, err := a.to.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader([]byte(back.Replace(string(raw)))))
	return resp, err // a body that breaks off is no answer
}
