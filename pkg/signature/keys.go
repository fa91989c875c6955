package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Limits of a set of keys.
const (
	maxKeyFile = 1 << 20
	maxKeys    = 1000
)

// Keys is a set of keys that may sign.
type Keys struct {
	pgp   openpgp.EntityList
	lines []allowed
	now   func() time.Time
}

// Text is a file of keys that stands in no file: in a variable, say.
type Text struct{ Name, Data string }

// Load reads keys from texts, from files, and from all files of directories: OpenPGP public
// keys, armored or not, OpenSSH public keys and allowed_signers files. What
// cannot be read is an error, so that no key is missing silently.
func Load(texts []Text, paths ...string) (*Keys, error) {
	k := &Keys{now: time.Now}
	var places []string
	for _, t := range texts {
		places = append(places, t.Name)
		if err := k.add(t.Name, []byte(t.Data)); err != nil {
			return nil, err
		}
	}
	for _, p := range paths {
		files, err := keyFiles(p)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			data, err := readKeyFile(f)
			if err != nil {
				return nil, err
			}
			if err := k.add(f, data); err != nil {
				return nil, err
			}
		}
	}
	if k.Len() == 0 {
		return nil, fmt.Errorf("%s: holds no key; put public keys there (gpg --armor --export, or the .pub file of an SSH key)", strings.Join(append(places, paths...), ", "))
	}
	return k, nil
}

// Len is the number of keys.
func (k *Keys) Len() int { return len(k.pgp) + len(k.lines) }

// keyFiles lists the files of a path. Hidden ones are passed over: among them are
// the directories that mounted secrets and volumes keep their versions in.
func keyFiles(p string) ([]string, error) {
	info, err := os.Stat(p)
	if err != nil {
		return nil, fmt.Errorf("%s: the signing keys cannot be read: %w", p, cause(err))
	}
	if !info.IsDir() {
		return []string{p}, nil
	}
	entries, err := os.ReadDir(p)
	if err != nil {
		return nil, fmt.Errorf("%s: the signing keys cannot be read: %w", p, cause(err))
	}
	var out []string
	for _, e := range entries {
		full := filepath.Join(p, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if info, err := os.Stat(full); err != nil {
			return nil, fmt.Errorf("%s: the signing keys cannot be read: %w", full, cause(err))
		} else if info.IsDir() {
			continue
		}
		out = append(out, full)
	}
	slices.Sort(out)
	return out, nil
}

func readKeyFile(p string) ([]byte, error) {
	info, err := os.Stat(p)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: the signing keys cannot be read: %w", p, cause(err))
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, fmt.Errorf("%s: the signing keys cannot be read: %w", p, cause(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: the signing keys cannot be read: %w", p, cause(err))
	}
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("%s: is larger than %d KiB: public keys are never that large", p, maxKeyFile>>10)
	}
	return data, nil
}

func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// add takes the keys of one file.
func (k *Keys) add(name string, data []byte) error {
	var err error
	switch {
	case bytes.Contains(data, []byte("PRIVATE KEY")):
		return fmt.Errorf("%s: holds a private key, which this program must never have: give it the public one, and think of that key as known to others", name)
	case bytes.Contains(data, []byte("-----BEGIN PGP ")):
		err = k.addArmored(data)
	case len(data) > 0 && data[0]&0x80 != 0: // every OpenPGP packet begins so, and no text of keys
		err = k.addPGP(bytes.NewReader(data))
	default:
		return k.addLines(name, data)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// addArmored takes one armored block after the other.
func (k *Keys) addArmored(data []byte) error {
	const begin = "-----BEGIN PGP "
	parts := strings.Split(string(data), begin)
	for _, part := range parts[1:] { // in front of the first are comments
		block, err := armor.Decode(strings.NewReader(begin + part))
		if err != nil {
			return fmt.Errorf("an armored block cannot be read (%s): export the key anew with gpg --armor --export", plain(err))
		}
		if block.Type != openpgp.PublicKeyType {
			return fmt.Errorf("is a %s and no public key: export it with gpg --armor --export", quoted(block.Type))
		}
		if err := k.addPGP(block.Body); err != nil {
			return err
		}
	}
	return nil
}

// addPGP takes OpenPGP keys, and refuses the whole file for one that cannot be
// read: openpgp.ReadKeyRing would pass over it in silence.
func (k *Keys) addPGP(r io.Reader) error {
	packets := packet.NewReader(r)
	for n := 0; ; n++ {
		first, err := packets.Next()
		if errors.Is(err, io.EOF) && n > 0 {
			return nil
		}
		if err == nil {
			packets.Unread(first)
			var e *openpgp.Entity
			if e, err = openpgp.ReadEntity(packets); err == nil {
				if err := k.addEntity(e); err != nil {
					return err
				}
				continue
			}
		}
		return fmt.Errorf("an OpenPGP key cannot be read (%s): export it anew with gpg --armor --export", plain(err))
	}
}

func (k *Keys) addEntity(e *openpgp.Entity) error {
	if e.PrivateKey != nil {
		return errors.New("holds a private key, which this program must never have: give it the public one (gpg --armor --export)")
	}
	if fail := strong(e.PrimaryKey); fail != nil {
		return errors.New("cannot be taken: " + fail.Detail)
	}
	var own []*packet.Signature
	if e.SelfSignature != nil {
		own = append(own, e.SelfSignature)
	}
	for _, id := range e.Identities {
		own = append(own, id.SelfSignature)
	}
	for _, s := range e.Subkeys {
		if s.Sig.FlagSign {
			own = append(own, s.Sig, s.Sig.EmbeddedSignature)
		}
	}
	for _, s := range own {
		if s != nil && !hashes[s.Hash] {
			return fmt.Errorf("cannot be taken: the GPG key %s certifies itself over %s, which can be forged; renew that with a current gpg (gpg --cert-digest-algo SHA512 --quick-set-expire) and export the key anew", fingerprint(e.PrimaryKey), s.Hash)
		}
	}
	if k.Len() >= maxKeys {
		return fmt.Errorf("holds more than %d keys", maxKeys)
	}
	k.pgp = append(k.pgp, e)
	return nil
}

// addLines takes the lines of a text file of SSH keys.
func (k *Keys) addLines(name string, data []byte) error {
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		place := fmt.Sprintf("%s:%d", name, i+1)
		a, err := parseAllowed(line)
		if err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
		if k.Len() >= maxKeys {
			return fmt.Errorf("%s: holds more than %d keys", name, maxKeys)
		}
		a.place = place
		k.lines = append(k.lines, a)
	}
	return nil
}
