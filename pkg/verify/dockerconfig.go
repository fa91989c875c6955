package verify

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// dockerConfig is docker's config.json, as far as it holds credentials. It is read
// again when the file has changed: secrets are mounted and rotated.
type dockerConfig struct {
	path string

	mu      sync.Mutex
	read    time.Time // when the file was last changed, as read
	size    int64
	auths   map[string]login
	helpers map[string]string // by registry
	store   string            // the helper for all others
}

// DockerConfigPath is where docker keeps its configuration: DOCKER_CONFIG names the
// directory, else it is .docker of the home directory (docker CLI reference).
func DockerConfigPath(getenv func(string) string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return filepath.Join(dir, "config.json")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".docker", "config.json")
	}
	return ""
}

// hub is Docker Hub in the config, and by its host.
const hub = "https://index.docker.io/v1/"

// login finds a registry's credentials: by its host exactly, never by a part of it.
func (c *dockerConfig) login(host string) (l login, helper string) {
	if c.path == "" {
		return login{}, ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	keys := []string{host, "https://" + host, "https://" + host + "/v1/", "https://" + host + "/v2/"}
	if host == "index.docker.io" {
		keys = []string{hub, "index.docker.io", "docker.io", "https://docker.io", "registry-1.docker.io"}
	}
	for _, k := range keys {
		if l, have := c.auths[k]; have && l != (login{}) {
			return l, ""
		}
		if h := c.helpers[k]; h != "" {
			helper = h
		}
	}
	if helper == "" {
		helper = c.store
	}
	return login{}, helper
}

// maxConfig is more than any docker config has.
const maxConfig = 1 << 20

// load reads the file where it is new. One that cannot be read has no credentials.
func (c *dockerConfig) load() {
	info, err := os.Stat(c.path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxConfig {
		c.auths, c.helpers, c.store, c.read = nil, nil, "", time.Time{}
		return
	}
	if info.ModTime().Equal(c.read) && info.Size() == c.size {
		return
	}
	c.read, c.size = info.ModTime(), info.Size()
	c.auths, c.helpers, c.store = map[string]login{}, map[string]string{}, ""
	raw, err := os.ReadFile(c.path)
	if err != nil {
		return
	}
	var in struct {
		Auths map[string]struct {
			Auth          string `json:"auth"`
			Username      string `json:"username"`
			Password      string `json:"password"`
			IdentityToken string `json:"identitytoken"`
		} `json:"auths"`
		CredsStore  string            `json:"credsStore"`
		CredHelpers map[string]string `json:"credHelpers"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return
	}
	for key, a := range in.Auths {
		l := login{user: a.Username, password: a.Password, identity: a.IdentityToken}
		if plain, err := base64.StdEncoding.DecodeString(a.Auth); err == nil && a.Auth != "" {
			l.user, l.password, _ = strings.Cut(string(plain), ":")
			l.password = strings.TrimRight(l.password, "\x00") // as docker itself does
		}
		c.auths[key] = l
	}
	if in.CredHelpers != nil {
		c.helpers = in.CredHelpers
	}
	c.store = in.CredsStore
}
