package sandbox

import (
	"context"
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Call is what a fault hook sees of a call.
type Call struct {
	Service   string // "ecs", "elasticloadbalancing", "monitoring", "application-autoscaling", "sts", "tagging"
	Operation string // "CreateService"
	Nth       int    // how many-th call of this operation it is, from 1
	Write     bool
	UserAgent string
	Input     any // the SDK's input; must not be changed
}

// Fault is what goes wrong with one call.
type Fault struct {
	// Code and Message are the error to answer: "ThrottlingException", "Rate exceeded".
	Code, Message string
	// Status is the HTTP status, 400 when zero.
	Status int
	// AfterEffect lets the operation do its work first: a lost answer.
	AfterEffect bool
	// Drop closes the connection instead of answering.
	Drop bool
	// Garble cuts the answer's body in the middle; Body is answered in its place.
	Garble bool
	Body   []byte
	// PageSize answers a list in pages of so many, as every service is free to do,
	// whatever was asked for; 0 for as it is. It is no fault: beside it the others may stand.
	PageSize int
	// Rewrite changes the answer before it is encoded. out is the operation's output,
	// whose lists may be the world's own: it puts others in their place.
	Rewrite func(out any)
	// From answers from another world, a Replica. For reads.
	From *Sandbox
	// Late closes the connection now and lets the operation do its work when the
	// channel is closed.
	Late <-chan struct{}
}

// spoilsAnswer is whether the operation does its work and only the answer is another.
func (f *Fault) spoilsAnswer() bool {
	return f.Garble || f.Body != nil || f.Rewrite != nil || f.PageSize > 0
}

func (f *Fault) code() string {
	if f.Drop || f.Late != nil {
		return "ConnectionDropped"
	}
	return f.Code
}

func (f *Fault) answer(id string, q request) answer {
	if f.Drop || f.Late != nil {
		return answer{drop: true}
	}
	e := &apiError{Code: f.Code, Message: f.Message, Status: f.Status}
	if e.Status == 0 {
		e.Status = http.StatusBadRequest
	}
	return q.fail(id, e)
}

// fault asks the hook, outside the world's lock so that it may block: a slow
// answer is a fault as well.
func (s *Sandbox) fault(r *http.Request, o operation, in any) *Fault {
	if s.opts.Fault == nil {
		return nil
	}
	return s.opts.Fault(r.Context(), s.count(r, o, in))
}

func (s *Sandbox) count(r *http.Request, o operation, in any) Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := o.service + "." + o.name
	s.calls[key]++
	return Call{Service: o.service, Operation: o.name, Nth: s.calls[key], Write: o.writes, UserAgent: r.UserAgent(), Input: in}
}

// pageSizes are how the services call what a caller may ask for in one page.
var pageSizes = []string{"MaxResults", "PageSize", "MaxRecords", "ResourcesPerPage"}

// limitPage asks for pages of n where the operation has pages.
func limitPage(in any, n int) {
	v := reflect.Indirect(reflect.ValueOf(in))
	if arns := v.FieldByName("ResourceARNList"); arns.IsValid() && arns.Len() > 0 {
		return // the tagging API has no pages of what is named
	}
	for _, name := range pageSizes {
		if f := v.FieldByName(name); f.IsValid() && f.Type() == reflect.TypeFor[*int32]() {
			f.Set(reflect.ValueOf(aws.Int32(int32(n))))
		}
	}
}

// FaultFunc decides on the fate of a call; nil lets it through.
type FaultFunc func(ctx context.Context, c Call) *Fault
