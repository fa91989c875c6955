package iampolicy

import (
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// builder writes one document.
type builder struct {
	o      Options
	most   int
	short  bool // say it in fewer characters
	policy Policy

	creates, changes, tags, untags, adopts group // of all services

	kinds    map[string]bool // that the documents have
	clusters []string
	adopted  []string // ARNs of the services and families that may be adopted
	adopt    bool
	hooks    bool
	prune    bool // something may be deleted that no document names
	recreate bool
	orphan   bool

	alarms      []string // ARNs of those that are not of the owner's prefix
	composite   bool
	tracking    bool
	tracked     []string // ARNs of the alarms of target tracking
	listeners   []string // ARNs
	defaults    bool
	roles       map[string][]string // ARNs by the service that they are passed to
	logGroups   []string            // ARNs
	secrets     []string
	credentials []string // secrets whose value is read
	parameters  []string
	functions   []string
	images      []string // repositories of ECR
}

func (b *builder) arn(service, rest string) string { return b.arnIn(service, b.o.Region, rest) }

func (b *builder) arnIn(service, region, rest string) string {
	any := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	account := any(b.o.Account)
	if b.short && service != "iam" {
		account = "*"
	}
	return "arn:" + b.o.Partition + ":" + service + ":" + any(region) + ":" + account + ":" + rest
}

// verbatim keeps what a document writes from being read as a pattern: a name may not
// open what is like it, nor stand for who asks (IAM policy variables, "Special
// characters").
var verbatim = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace

// role is a role's ARN, of which a document may have written the name alone.
func (b *builder) role(name string) string {
	name = verbatim(name)
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	account := b.o.Account
	if account == "" {
		account = "*"
	}
	return "arn:" + b.o.Partition + ":iam::" + account + ":role/" + name
}

func (b *builder) collect(units []*resource.Unit) {
	b.kinds, b.roles = map[string]bool{}, map[string][]string{}
	b.prune = b.o.Prune
	clusters := map[string]bool{}
	for _, u := range units {
		clusters[u.Key.Cluster] = true
		p := u.Policy
		b.prune = b.prune || p.Prune || p.OnDelete == "prune"
		b.recreate = b.recreate || p.Recreate
		b.orphan = b.orphan || p.OnDelete == "orphan"
		b.hooks = b.hooks || len(u.Hooks) > 0
		if p.Adopt {
			b.adopt = true
			b.adopted = append(b.adopted, b.arn("ecs", "service/"+verbatim(u.Key.Cluster+"/"+kinds.ServiceName(u))))
			if family := kinds.AccessOf(u).Family; family != "" {
				b.adopted = append(b.adopted, b.arn("ecs", "task-definition/"+verbatim(family)+":*"))
			}
		}
		for id := range u.IDs() {
			b.kinds[id.Kind] = true
		}
		b.around(kinds.AccessOf(u))
		for _, need := range kinds.Needs(u) {
			b.need(need)
		}
	}
	for name := range clusters {
		b.clusters = append(b.clusters, b.arn("ecs", "cluster/"+verbatim(name)))
		if b.tracking {
			// Application Auto Scaling names its alarms TargetTracking-RESOURCE-… ("Target
			// tracking scaling policies"), and the resource is service/CLUSTER/NAME.
			b.tracked = append(b.tracked, b.arn("cloudwatch", "alarm:TargetTracking-service/"+verbatim(name)+"/*"))
		}
	}
	slices.Sort(b.clusters)
}

func (b *builder) around(a kinds.Access) {
	for _, name := range slices.Concat(a.Alarms, a.Composite) {
		if !strings.HasPrefix(name, b.o.Owner+"/") {
			b.alarms = append(b.alarms, b.arn("cloudwatch", "alarm:"+verbatim(name)))
		}
	}
	b.composite = b.composite || len(a.Composite) > 0
	b.tracking = b.tracking || a.Tracking
	for _, arn := range a.Listeners {
		if arn = verbatim(arn); arn == "" {
			arn = b.arn("elasticloadbalancing", "listener/*")
		}
		b.listeners = append(b.listeners, arn)
	}
	b.defaults = b.defaults || a.Default
	if a.ScalingRole != "" {
		b.pass("application-autoscaling.amazonaws.com", a.ScalingRole)
	}
}

func (b *builder) pass(service, role string) {
	b.roles[service] = append(b.roles[service], b.role(role))
}

// need takes in what a rollout takes for granted.
func (b *builder) need(n resource.Need) {
	if n.What != resource.NeedRole { // role does it
		n.Name, n.Credentials, n.Region = verbatim(n.Name), verbatim(n.Credentials), verbatim(n.Region)
	}
	written := func(service, rest string) string {
		if strings.HasPrefix(n.Name, "arn:") {
			return n.Name
		}
		return b.arn(service, rest)
	}
	switch n.What {
	case resource.NeedRole:
		for _, p := range n.Principals {
			b.pass(p, n.Name)
		}
	case resource.NeedSecret:
		b.secrets = append(b.secrets, secret(written("secretsmanager", "secret:"+n.Name))...)
	case resource.NeedParameter:
		b.parameters = append(b.parameters, written("ssm", "parameter/"+strings.TrimPrefix(n.Name, "/")))
	case resource.NeedLogGroup:
		region := n.Region
		if region == "" {
			region = b.o.Region
		}
		b.logGroups = append(b.logGroups, b.arnIn("logs", region, "log-group:"+n.Name+":log-stream:*"))
	case resource.NeedFunction:
		b.functions = append(b.functions, written("lambda", "function:"+n.Name))
	case resource.NeedImage:
		if account, region, repository, ok := ecr(n.Name); ok {
			b.images = append(b.images, "arn:"+b.o.Partition+":ecr:"+region+":"+account+":repository/"+repository)
		}
		if n.Credentials != "" {
			arn := n.Credentials
			if !strings.HasPrefix(arn, "arn:") {
				arn = b.arn("secretsmanager", "secret:"+arn)
			}
			b.credentials = append(b.credentials, secret(arn)...)
		}
	}
}

// secret is the ARN of a secret without the JSON key, stage and version that a
// document may hang on it. It ends with six characters of Secrets Manager's own, which
// may be written or not; a name that only looks as if it had them is taken both ways
// ("What's in a Secrets Manager secret").
func secret(arn string) []string {
	const own = "-??????"
	if parts := strings.Split(arn, ":"); len(parts) > 7 {
		arn = strings.Join(parts[:7], ":")
	}
	out := []string{arn + own}
	if n := len(arn) - len(own); n > 0 && arn[n] == '-' {
		out = append(out, arn[:n]+own)
	}
	return out
}

// ecr takes an image of a private ECR registry apart.
func ecr(image string) (account, region, repository string, ok bool) {
	host, rest, _ := strings.Cut(image, "/")
	parts := strings.Split(host, ".")
	if len(parts) < 6 || parts[1] != "dkr" || !strings.HasPrefix(parts[2], "ecr") || rest == "" {
		return "", "", "", false
	}
	rest, _, _ = strings.Cut(rest, "@")
	rest, _, _ = strings.Cut(rest, ":")
	return parts[0], parts[3], rest, true
}
