// Package audit writes one JSON line for every attempt of the operator to change
// something in AWS.
//
// Decisions:
//
//   - The line is written after the attempt, with its outcome: exactly one for each.
//     A process that is killed between the call and the line leaves none; CloudTrail
//     has the call then, with the operator's version and the revision in its user
//     agent. A line before and one after would be two records of one attempt, and a
//     reader would have to pair them.
//   - No write without its record: a line that cannot be written is kept, and every
//     further write is refused before it is sent until the kept line is in the file.
//     So at most the attempts that were under way when the disk became full are late,
//     and none is lost while the process lives; the log has them too.
//   - The file is opened anew for every line, with O_APPEND and 0600: a rotated file is
//     left behind, and lines of several processes do not run into each other.
package audit
