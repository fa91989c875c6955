// Package importer writes documents from what exists: live AWS, task definition
// files, and the projects of ecspresso, PipeCD and Copilot. What a document
// cannot express is named with its place and never dropped silently.
package importer
