package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/signature"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// signingOptions say whose signature a commit or tag must carry.
type signingOptions struct {
	mode string
	keys []string
	told func(result string) // what came of each verification; nil for nobody
}

// signingKeysEnv holds keys themselves, for containers that have no files.
const signingKeysEnv = "ECS_OPERATOR_SIGNING_KEYS"

// AddFlags declares --verify-signatures and --signing-keys-file.
func (o *signingOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.mode, "verify-signatures", "", "with --git: use only commits that are signed by a signing key: `MODE` head (the commit), tag (the tag of --ref) or tag-and-head")
	f.StringArrayVar(&o.keys, "signing-keys-file", nil, "`PATH` of a file, or of a directory of files, with the public keys that may sign, GPG or SSH (repeatable; else: the text in "+signingKeysEnv+")")
}

// finalize checks what the flags say together; with a repository they must say
// both or neither, because keys alone would verify nothing.
func (o *signingOptions) finalize(ref string) error {
	if o.mode == "" {
		if len(o.keys) > 0 {
			return errors.New("--signing-keys-file alone verifies nothing: say what must be signed with --verify-signatures head, tag or tag-and-head")
		}
		return nil
	}
	mode, err := signature.ParseMode(o.mode)
	if err != nil {
		return fmt.Errorf("--verify-signatures %w", err)
	}
	if mode.OfTag() && ref == "" {
		return fmt.Errorf("--verify-signatures %s needs a tag: name it with --ref, or verify the commit with head", mode)
	}
	return nil
}

// load reads the keys.
func (o *signingOptions) load(c *console) (*signature.Keys, error) {
	var texts []signature.Text
	if text := c.getenv(signingKeysEnv); text != "" && len(o.keys) == 0 {
		texts = append(texts, signature.Text{Name: signingKeysEnv, Data: text})
	}
	if len(texts)+len(o.keys) == 0 {
		return nil, fmt.Errorf("--verify-signatures needs the public keys that may sign: name them with --signing-keys-file, or set %s to their text", signingKeysEnv)
	}
	return signature.Load(texts, o.keys...)
}

// verify is what a git source asks of each revision; nil where nothing is to be
// verified. The keys are read once now, so that a mistake is told at the start,
// and again for each revision.
func (o *signingOptions) verify(c *console) (func(context.Context, source.GitObjects) (string, error), error) {
	if o.mode == "" {
		if c.getenv(signingKeysEnv) != "" {
			return nil, fmt.Errorf("%s alone verifies nothing: say what must be signed with --verify-signatures head, tag or tag-and-head", signingKeysEnv)
		}
		return nil, nil
	}
	mode, err := signature.ParseMode(o.mode)
	if err != nil {
		return nil, err
	}
	if _, err := o.load(c); err != nil {
		return nil, err
	}
	return func(_ context.Context, g source.GitObjects) (string, error) {
		signer, err := o.signer(c, mode, g)
		if o.told != nil && !g.Again {
			result := "Verified"
			if e, ok := errors.AsType[*signature.Error](err); ok {
				result = string(e.Reason)
			}
			o.told(result)
		}
		return signer, err
	}, nil
}

func (o *signingOptions) signer(c *console, mode signature.Mode, g source.GitObjects) (string, error) {
	keys, err := o.load(c)
	if err != nil {
		return "", &signature.Error{Reason: signature.KeysUnreadable, Object: "the commit", Detail: err.Error()}
	}
	tag, _ := strings.CutPrefix(g.Ref, "refs/tags/")
	if tag == g.Ref {
		tag = "" // a branch
	}
	r := signature.Revision{CommitID: g.CommitID, Commit: g.Commit, TagName: tag, TagID: g.TagID}
	if g.TagID != "" {
		r.Tag = g.Tag
	}
	signers, err := keys.Verify(mode, r)
	if err != nil {
		return "", err
	}
	var names []string
	for _, s := range signers {
		if n := s.String(); len(names) == 0 || names[0] != n {
			names = append(names, n)
		}
	}
	return strings.Join(names, " and "), nil
}
