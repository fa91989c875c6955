// Package awsclient builds the SDK clients: credentials per target, endpoints,
// token buckets per throttle category, a guard that lets a planning pass make
// nothing but reads, generic batching and caches, and the class of every error.
//
// Reads use the SDK's standard retryer with two attempts. Writes use none: with
// a lost response a retry doubles RegisterTaskDefinition, CreateService and a
// forced UpdateService (measured). After an unclear outcome the caller observes.
//
// The calls themselves stand in pkg/kinds.
package awsclient
