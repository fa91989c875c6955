package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// imageTimeout bounds what one image may take.
const imageTimeout = 10 * time.Second

// ecrHost is a private registry of ECR: account.dkr.ecr.region.SUFFIX, with FIPS or
// the dual-stack names account.dkr-ecr.region.on.aws ("Amazon ECR endpoints").
var ecrHost = regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$`)

// platform is what an image is made for.
type platform struct{ os, architecture string }

func (p platform) String() string { return p.os + "/" + p.architecture }

// image checks that an image exists for the CPU that the tasks have.
func (c *checking) image(ctx context.Context, n resource.Need) answer {
	ref, err := name.ParseReference(n.Name, name.WeakValidation)
	if err != nil {
		return missing("this is no image reference: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, imageTimeout)
	defer cancel()
	if m := ecrHost.FindStringSubmatch(ref.Context().RegistryStr()); m != nil {
		return c.ecr(ctx, n, ref, resource.ECRImage{Account: m[1], Region: m[2], Repository: ref.Context().RepositoryStr()})
	}
	if c.v.o.Registry == nil {
		return unchecked("no registry but ECR is reached from here")
	}
	login, whose, err := c.login(ctx, n, ref.Context().RegistryStr())
	if err != nil {
		return unchecked("%v", err)
	}
	found, err := c.v.o.Registry.platforms(ctx, ref, login)
	return judged(found, err, n, whose)
}

// login finds the credentials for a registry: what ECS itself would use comes first.
func (c *checking) login(ctx context.Context, n resource.Need, host string) (l login, whose string, err error) {
	if n.Credentials == "" {
		l, helper := c.v.o.Registry.configured(host)
		switch {
		case l != (login{}):
			return l, " (with the operator's own credentials; ECS is given none)", nil
		case helper != "":
			return l, " (its credentials are kept by the helper " + helper + ", which is not run)", nil
		}
		return l, "", nil
	}
	region, _ := regionOf(n.Credentials)
	value, err := c.v.o.AWS.SecretValue(ctx, c.target, region, n.Credentials)
	if err != nil {
		return login{}, "", fmt.Errorf("the credentials for its registry could not be read: %w", err)
	}
	// "Using non-AWS container images in Amazon ECS", Developer Guide.
	var in struct{ Username, Password string }
	if json.Unmarshal([]byte(value), &in) != nil || in.Username == "" || in.Password == "" {
		return login{}, "", fmt.Errorf("the secret of its repositoryCredentials is not {\"username\": …, \"password\": …}")
	}
	return login{user: in.Username, password: in.Password}, " (with its repositoryCredentials)", nil
}

// judged compares what an image is made for with what is needed.
func judged(found []platform, err error, n resource.Need, whose string) answer {
	if err != nil {
		a := registryAnswer(err)
		a.why += whose
		return a
	}
	if a, wrong := fits(found, n); wrong {
		return a
	}
	switch {
	case strings.Contains(whose, "ECS is given none"):
		return ok("found with the operator's own credentials; ECS is given none (repositoryCredentials)")
	case n.Architecture != "" && len(found) == 0:
		return ok("its manifest does not tell for which CPU it is made")
	}
	return ok("")
}

func fits(found []platform, n resource.Need) (a answer, wrong bool) {
	if n.Architecture == "" || len(found) == 0 {
		return answer{}, false
	}
	if slices.ContainsFunc(found, func(p platform) bool {
		return p.architecture == n.Architecture && (n.OS == "" || p.os == n.OS)
	}) {
		return answer{}, false
	}
	var have []string
	for _, p := range found {
		if s := p.String(); !slices.Contains(have, s) {
			have = append(have, s)
		}
	}
	return missing("it is made for %s, and the tasks run on %s", strings.Join(have, ", "), platform{n.OS, n.Architecture}), true
}

// ecr asks ECR's API, which needs no login; only the CPU of an image that is not in
// an index stands in its configuration, which the registry alone gives.
func (c *checking) ecr(ctx context.Context, n resource.Need, ref name.Reference, image resource.ECRImage) answer {
	switch r := ref.(type) {
	case name.Tag:
		image.Tag = r.TagStr()
	case name.Digest:
		image.Digest = r.DigestStr()
	}
	m, err := c.v.o.AWS.Manifest(ctx, c.target, image)
	if resource.ClassOf(err) == resource.ClassNotFound {
		through, ruleErr := c.v.o.AWS.PullThrough(ctx, c.target, image)
		switch {
		case ruleErr != nil:
			return unchecked("it is not in ECR; whether a pull through cache rule would bring it: %v", ruleErr)
		case through:
			return unchecked("it is not in ECR yet; a pull through cache rule may bring it")
		}
		return missing("there is no image %s in ECR of account %s in %s", ecrName(image), image.Account, image.Region)
	}
	if err != nil {
		return failed(err)
	}
	found, single, err := manifestPlatforms(m)
	switch {
	case err != nil:
		return ok("its manifest could not be read for the CPU: " + err.Error())
	case !single || n.Architecture == "":
		return judged(found, nil, n, "")
	case c.v.o.Registry == nil:
		return ok("for which CPU it is made stands in its configuration, which is not reached from here")
	}
	user, password, err := c.v.o.AWS.RegistryLogin(ctx, c.target, image.Region)
	if err != nil {
		return ok(fmt.Sprintf("for which CPU it is made could not be asked: %v", err))
	}
	found, err = c.v.o.Registry.platforms(ctx, ref, login{user: user, password: password})
	if err != nil {
		return ok("for which CPU it is made could not be asked: " + registryAnswer(err).why)
	}
	return judged(found, nil, n, "")
}

// manifestPlatforms reads an index; single says that the manifest is of one image,
// whose platform stands elsewhere. Attestations, whose platform is "unknown", are
// passed over (BuildKit, attestation storage).
func manifestPlatforms(m resource.Manifest) (found []platform, single bool, err error) {
	var index struct {
		MediaType string `json:"mediaType"`
		Manifests []struct {
			Platform struct {
				Architecture string `json:"architecture"`
				OS           string `json:"os"`
			} `json:"platform"`
		} `json:"manifests"`
	}
	if err := json.Unmarshal([]byte(m.Body), &index); err != nil {
		return nil, false, err
	}
	if len(index.Manifests) == 0 {
		return nil, true, nil
	}
	for _, x := range index.Manifests {
		if x.Platform.Architecture != "" && x.Platform.Architecture != "unknown" {
			found = append(found, platform{x.Platform.OS, x.Platform.Architecture})
		}
	}
	return found, false, nil
}
