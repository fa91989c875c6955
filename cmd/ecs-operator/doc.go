// Command ecs-operator keeps Amazon ECS services in the state that documents in
// a directory declare.
//
// It is the top floor: flags, wiring (wire.go, in one visible place) and
// rendering for people and scripts. Each command is one file cmd_VERB.go with an
// options struct, its AddFlags and a run function; what it prints is in
// render_*.go. Data goes to stdout, everything else to stderr.
package main
