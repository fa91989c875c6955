// Package signature tells who signed a git revision. It verifies the GPG and
// SSH signatures of commit and tag objects in process, from the objects' raw
// bytes (git cat-file), against a set of keys: neither gpg nor ssh-keygen is
// started, and no keyring, agent or trust database of a machine has a say.
//
// What is verified is Flux' (GitRepository .spec.verify): the commit (head), the
// annotated tag under which it was found (tag), or both (tag-and-head).
//
// Decisions, each of which accepts no more than git verify-commit and git
// verify-tag would:
//   - The object's id is computed from its bytes: what was verified is what was
//     asked for. The commit names its tree, and so all files.
//   - A key counts as it is now. One that has expired or was revoked since no
//     longer speaks for the commits that it signed, because the date in a
//     commit is written by who signs it. The validity of an allowed_signers line
//     must hold at that date, too, which is the only one that git looks at.
//   - RSA and DSA are judged: RSA below 2048 bits (TOB-FLUX-8) and all DSA are
//     refused, SHA-1 and older hashes likewise, in the signature of the object
//     as well as in those by which an OpenPGP key certifies itself.
//   - One signature, one signature block, of binary type; nothing behind it.
//   - SSH signatures carry the namespace git. Certificates and cert-authority
//     lines are refused when the keys are read: list the keys themselves.
//   - The name in a tag object is the name under which the tag was found, and
//     its object is the commit itself: no renamed tags, no tags of tags.
//   - Going back to an old signed commit is not told here: a signature does not
//     age. The git source refuses to go backwards.
//
// Keys are read again for each verification: a key that was taken out of the
// set is out from the next look at the source on.
package signature
