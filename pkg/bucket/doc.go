// Package bucket reads objects of S3, as the source of documents wants them
// (source.Objects): pkg/source knows no AWS, and pkg/kinds no source. Every call
// to S3 is here, and all of them are reads: ListObjectsV2, HeadObject, GetObject.
//
// A bucket may be in another Region than the services that its documents
// describe. S3 answers a call to the wrong Region with a redirect that names the
// right one; it is followed once, with the Region and not with the address that
// the answer gives, and remembered.
package bucket
