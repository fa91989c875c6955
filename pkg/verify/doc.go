// Package verify checks before a rollout that what the rollout takes for granted is
// there: images for the right CPU, roles that trust ECS, secrets, log groups,
// networks, target groups, functions behind lifecycle hooks. What is missing would
// otherwise be found by tasks that fail to start, one after the other.
//
// A check has three ends. Ok and missing are certain; everything else is "not
// checked", with the reason: a call that was denied, a registry that does not
// answer, a form that is not known. Only what is missing holds a rollout up.
//
// Decisions:
//   - What AWS tells comes through resource.Inspector, whose calls stand in pkg/kinds.
//     Registries other than ECR are asked here, through go-containerregistry.
//   - Nothing is asked in a pass that starts no rollout, and an answer is kept: what is
//     there for ten minutes, what is missing for half a minute, what could not be
//     asked for two.
//   - Secrets are described and not read, with two exceptions: repositoryCredentials,
//     without which a private registry cannot be asked, and the keys of JSON secrets
//     where a person asks for that (Options.ReadSecrets). No value leaves the check.
//   - The credential helpers that a docker config may name are not run: git is the only
//     program that the operator ever starts.
//   - Credentials go to the registry that they are for, and to the token server that it
//     names when both are of one site, over TLS only. Link-local and loopback
//     addresses are never dialled: an image's name is written by whoever may write a
//     document, and the metadata service of the operator's own task is not theirs.
//   - A manifest is read up to 4 MiB and one image gets ten seconds.
package verify
