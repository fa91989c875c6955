package resource

import "context"

// LogReader reads what the containers of a service wrote, where their log driver
// keeps it in a place that can be read.
type LogReader interface {
	// LogStreams are the streams of a service's tasks, those that have stopped lately
	// with them, in the order of Tasks.
	LogStreams(ctx context.Context, service Live) ([]LogStream, error)
	// ReadLog reads on in a stream from where a cursor stands. The zero cursor is before
	// the newest n lines, or with n 0 before the first. Lines are of since (milliseconds)
	// or later. A stream that is not there yet has none.
	ReadLog(ctx context.Context, target string, s LogStream, c LogCursor, since int64, n int) ([]LogLine, LogCursor, error)
}

// LogStream is what one container of one task writes to.
type LogStream struct {
	Task           string // id
	TaskDefinition string // family:revision
	Container      string
	Stopped        bool // the task has
	// Driver is the log driver, "" for that of the container instance.
	Driver        string
	Group, Stream string // "" where the driver is not awslogs
	Region        string // of the group
}

// LogCursor is a place in a stream: AWS' own token.
type LogCursor string

// LogLine is one line of a container.
type LogLine struct {
	At        int64  `json:"timestamp"` // milliseconds since 1970
	Task      string `json:"task"`
	Container string `json:"container"`
	Message   string `json:"message"`
}
