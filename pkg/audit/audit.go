package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// APIVersion of a Record: fields are added, never changed.
const APIVersion = "ecs-operator/audit/v1"

// Outcomes of an attempt; an error is told by its class ("throttled", "denied",
// "invalid", "conflict", "not-found", "transient", "other").
const (
	OK      = "ok"
	Unknown = "unknown" // sent, and no answer came: it may have been done
)

// Record is one attempt.
type Record struct {
	APIVersion   string    `json:"apiVersion"`
	Level        string    `json:"level,omitempty"` // "info" and Msg among lines of a log, none in a file
	Msg          string    `json:"msg,omitempty"`
	Time         time.Time `json:"time"` // of its end
	Outcome      string    `json:"outcome"`
	Action       string    `json:"action,omitempty"`    // what the operator did: create, update, delete, rollback, suspend
	Operation    string    `json:"operation,omitempty"` // how, as IAM spells it: ecs:UpdateService
	Target       string    `json:"target,omitempty"`
	Cluster      string    `json:"cluster,omitempty"`
	Service      string    `json:"service,omitempty"`  // of the document
	Resource     string    `json:"resource,omitempty"` // within it: rule/web
	ARN          string    `json:"arn,omitempty"`
	Source       string    `json:"source,omitempty"` // file:line:column
	Revision     string    `json:"revision,omitempty"`
	Ref          string    `json:"ref,omitempty"`
	Signer       string    `json:"signer,omitempty"`
	PlanHash     string    `json:"planHash,omitempty"`
	RequestID    string    `json:"requestId,omitempty"`
	Attempt      int       `json:"attempt"` // of this operation for this resource, since one succeeded
	Error        string    `json:"error,omitempty"`
	Milliseconds int64     `json:"milliseconds"`
	Caller       string    `json:"caller,omitempty"`
	Owner        string    `json:"owner,omitempty"`
	Scope        string    `json:"scope,omitempty"`
	Command      string    `json:"command,omitempty"`
	Who          string    `json:"who,omitempty"`
	Operator     string    `json:"operator"` // its version
	Sandbox      bool      `json:"sandbox,omitempty"`
}

// Log appends records. It is safe for concurrent use; nil takes none.
type Log struct {
	path string
	out  io.Writer // instead of a file

	mu    sync.Mutex
	kept  [][]byte // lines that could not be written
	cause error
	tries map[string]int
}

// Open makes a log of a file, and makes the file where there is none.
func Open(path string) (*Log, error) {
	l := &Log{path: path}
	if err := l.append(nil); err != nil {
		return nil, fmt.Errorf("the audit file cannot be written: %w", err)
	}
	return l, nil
}

// To makes a log of a stream, where its lines stand among those of a log and have a
// level and a message as they do.
func To(out io.Writer) *Log { return &Log{out: out} }

// Ready says why nothing may be written to AWS: records are waiting that cannot
// be written down.
func (l *Log) Ready() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flush(); len(l.kept) > 0 {
		return fmt.Errorf("refused before sending: the audit cannot be written, and nothing is written to AWS without it: make room for it, or give another file with --audit (%w)", l.cause)
	}
	return nil
}

// Add writes a record down, and numbers it among its like. An error means that it
// is kept for later.
func (l *Log) Add(r Record) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r.APIVersion, r.Attempt = APIVersion, l.attempt(r)
	if l.out != nil {
		r.Level, r.Msg = "info", "audit"
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	l.kept = append(l.kept, append(line, '\n'))
	if l.flush(); len(l.kept) > 0 {
		return l.cause
	}
	return nil
}

// attempt counts how often an operation was tried on a resource without success.
func (l *Log) attempt(r Record) int {
	key := fmt.Sprint(r.Operation, "\x00", r.Target, "\x00", r.Cluster, "\x00", r.Service, "\x00", r.Resource, "\x00", r.ARN, "\x00", r.PlanHash)
	n := l.tries[key] + 1
	if r.Outcome == OK {
		delete(l.tries, key)
		return n
	}
	if l.tries == nil || len(l.tries) > 10000 { // a daemon lives long
		l.tries = map[string]int{}
	}
	l.tries[key] = n
	return n
}

// flush writes what is kept, oldest first. The lock is held.
func (l *Log) flush() {
	for len(l.kept) > 0 {
		if l.cause = l.append(l.kept[0]); l.cause != nil {
			return
		}
		l.kept = l.kept[1:]
	}
	l.kept = nil
}

// append writes one line, whole or not at all as far as that can be had: what a full
// disk took of a line is cut off again.
func (l *Log) append(line []byte) (err error) {
	if l.out != nil {
		_, err = l.out.Write(line)
		return err
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := f.Write(line)
	if err != nil && n > 0 {
		if at, e := f.Seek(0, io.SeekEnd); e == nil {
			_ = f.Truncate(at - int64(n)) // the line is written again, whole
		}
	}
	return err
}
