package sandbox

import (
	"net/http"
	"time"
)

// How far the time of a signature may be from AWS' clock: the API services take
// 5 minutes, S3 15 (IAM user guide, "Troubleshoot Signature Version 4"; S3 API
// reference, RequestTimeTooSkewed).
const (
	signatureLife   = 5 * time.Minute
	signatureLifeS3 = 15 * time.Minute
)

// signedInTime refuses a request whose signature is of another time than AWS' clock
// shows at the door.
// What carries no time is left alone. The texts are those of fabfuel/ecs-deploy#126 and
// aws-sdk-js#142, #254: the JSON services answer 400, the Query services 403.
func (s *Sandbox) signedInTime(r *http.Request, q request) error {
	const form = "20060102T150405Z"
	at, err := time.Parse(form, r.Header.Get("X-Amz-Date"))
	if err != nil {
		return nil
	}
	now := s.opts.Door().UTC()
	if q.protocol == protocolS3 {
		if at.Before(now.Add(-signatureLifeS3)) || at.After(now.Add(signatureLifeS3)) {
			return &apiError{Code: "RequestTimeTooSkewed", Message: "The difference between the request time and the current time is too large.", Status: http.StatusForbidden}
		}
		return nil
	}
	e := &apiError{Code: "InvalidSignatureException", Status: http.StatusBadRequest}
	if q.protocol == protocolQuery {
		e.Code, e.Status = "SignatureDoesNotMatch", http.StatusForbidden
	}
	earliest, latest := now.Add(-signatureLife), now.Add(signatureLife)
	switch {
	case at.Before(earliest.Truncate(time.Second)):
		e.Message = "Signature expired: " + at.Format(form) + " is now earlier than " + earliest.Format(form) + " (" + now.Format(form) + " - 5 min.)"
	case at.After(latest):
		e.Message = "Signature not yet current: " + at.Format(form) + " is still later than " + latest.Format(form) + " (" + now.Format(form) + " + 5 min.)"
	default:
		return nil
	}
	return e
}

// dated is an answer's header with AWS' clock in it: clients learn from it how far
// off their own is.
func (s *Sandbox) dated(h http.Header) http.Header {
	h.Set("Date", s.opts.Door().UTC().Format(http.TimeFormat))
	return h
}
