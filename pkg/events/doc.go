// Package events listens to a queue of SQS into which EventBridge puts what
// happens: in ECS to a service, in CodeCommit and S3 to the documents. An event is
// a hint: the service is looked at now, or the source is. Nothing that stands in an
// event is believed beyond which service to look at; without the queue everything
// happens as well, at the next poll or resync.
//
// Decided here:
//
//   - EventBridge delivers at least once and in no order, which hints need not know.
//   - A message is deleted when it was handled, and also when it is not understood:
//     it would come back for ever. The first of those is told, all are counted.
//   - The Region is that of the queue's URL; the credentials are those of the default
//     target. What cannot be received is tried again with growing pauses, told
//     once when it begins and once when it ends.
package events
