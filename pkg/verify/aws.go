package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// regionOf is the region that an ARN names, "" for a name or an id: the target's.
func regionOf(arn string) (region, account string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return "", ""
	}
	return parts[3], parts[4]
}

// role checks that a role exists and lets the services that need it assume it.
func (c *checking) role(ctx context.Context, n resource.Need) answer {
	name := n.Name
	_, account := regionOf(n.Name)
	if strings.HasPrefix(n.Name, "arn:") {
		_, path, ok := strings.Cut(n.Name, ":role/")
		if !ok {
			return missing("this is not the ARN of a role")
		}
		name = path[strings.LastIndexByte(path, '/')+1:]
	}
	if account != "" {
		own, _, err := c.v.o.AWS.Where(ctx, c.target)
		if err != nil {
			return failed(err)
		}
		if own != account {
			return unchecked("the role belongs to account %s, and IAM tells of account %s only", account, own)
		}
	}
	policy, err := c.v.o.AWS.RoleTrust(ctx, c.target, name)
	switch {
	case resource.ClassOf(err) == resource.ClassNotFound:
		return missing("there is no such role")
	case err != nil:
		return failed(err)
	}
	for _, principal := range n.Principals {
		trusts, sure, err := trusts(policy, principal)
		switch {
		case err != nil:
			return unchecked("its trust policy could not be read: %v", err)
		case !trusts && sure:
			return missing("the role exists and does not trust %s: allow sts:AssumeRole to that service in its trust policy", principal)
		case !sure:
			return unchecked("its trust policy has conditions or a form that only AWS can judge")
		}
	}
	return ok("")
}

// secret checks a secret of Secrets Manager in any of the forms that ECS takes:
// ARN[:json-key:version-stage:version-id] ("Pass Secrets Manager secrets through
// Amazon ECS environment variables", Developer Guide), or the bare ARN of
// repositoryCredentials.
func (c *checking) secret(ctx context.Context, n resource.Need) answer {
	id, key, stage, version, well := secretForm(n.Name)
	if !well {
		return missing("this is no form that ECS takes: it is ARN, or ARN:json-key:version-stage:version-id")
	}
	region, _ := regionOf(id)
	s, err := c.v.o.AWS.Secret(ctx, c.target, region, id)
	switch {
	case resource.ClassOf(err) == resource.ClassNotFound:
		return missing("there is no such secret")
	case err != nil:
		return failed(err)
	case s.Deleted != "":
		return missing("the secret is scheduled for deletion since %s", s.Deleted)
	case stage != "" && !slices.Contains(s.Stages, stage):
		return missing("the secret has no version in stage %s", stage)
	case version != "" && len(s.IDs) > 0 && !slices.Contains(s.IDs, version):
		// Versions without a stage are deprecated, not listed, and still readable.
		return unchecked("no staged version of the secret has the id %s", version)
	case stage == "" && version == "" && !slices.Contains(s.Stages, "AWSCURRENT"):
		return missing("the secret has no value yet (no version in stage AWSCURRENT)")
	case key == "":
		return ok("")
	case !c.v.o.ReadSecrets:
		return ok("its key " + key + " was not looked for: that needs the secret's value (verify --read-secrets)")
	case stage != "" && stage != "AWSCURRENT" || version != "":
		return ok("its key " + key + " was not looked for: only of the current version it can be")
	}
	value, err := c.v.o.AWS.SecretValue(ctx, c.target, region, id)
	if err != nil {
		return unchecked("the secret exists; whether it has the key %s: %v", key, err)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(value), &members) != nil {
		return missing("the secret is no JSON object, so that it has no key %s", key)
	}
	if _, have := members[key]; !have {
		return missing("the secret has no key %s", key)
	}
	return ok("")
}

// secretForm parts what ECS takes for a secret. An ARN of Secrets Manager has seven
// parts; the suffix adds three, of which each may be empty.
func secretForm(s string) (arn, key, stage, version string, well bool) {
	parts := strings.Split(s, ":")
	switch len(parts) {
	case 7:
		return s, "", "", "", true
	case 10:
		return strings.Join(parts[:7], ":"), parts[7], parts[8], parts[9], true
	}
	return "", "", "", "", false
}

// parameters checks what stands in the parameter store, up to ten names in one call.
// Where one of them may not be read AWS denies all: then each is asked for alone.
func (c *checking) parameters(ctx context.Context, of []int) {
	var ask []int
	for _, i := range of {
		if k, have := c.v.memo.known(c.parameterKey(i)); have {
			c.set(i, k.answer)
		} else {
			ask = append(ask, i)
		}
	}
	if len(ask) == 0 {
		return
	}
	var names []string
	for _, i := range ask {
		if !slices.Contains(names, c.needs[i].Name) {
			names = append(names, c.needs[i].Name)
		}
	}
	region, _ := regionOf(names[0])
	there, err := c.v.o.AWS.Parameters(ctx, c.target, region, names)
	if err != nil && len(names) > 1 && resource.ClassOf(err) == resource.ClassDenied {
		for _, i := range ask {
			c.parameters(ctx, []int{i})
		}
		return
	}
	for _, i := range ask {
		exists, told := there[c.needs[i].Name]
		a := ok("")
		switch {
		case err != nil:
			a = failed(err)
		case !told:
			a = unchecked("AWS did not answer for it")
		case !exists:
			a = missing("there is no such parameter")
		}
		c.v.memo.put(c.parameterKey(i), kept{answer: a})
		c.set(i, a)
	}
}

func (c *checking) parameterKey(i int) string {
	return strings.Join([]string{c.target, string(resource.NeedParameter), c.needs[i].Name}, "\x00")
}

// logGroup checks where the awslogs driver writes.
func (c *checking) logGroup(ctx context.Context, n resource.Need) answer {
	exists, err := c.v.o.AWS.LogGroup(ctx, c.target, n.Region, n.Name)
	switch {
	case n.Creates && (err != nil || !exists):
		return ok("the log driver creates it (awslogs-create-group)")
	case err != nil:
		return failed(err)
	case !exists:
		return missing("there is no such log group, and awslogs-create-group is not set: tasks would not start")
	}
	return ok("")
}

// network checks subnets or security groups, all of a service in one call.
func (c *checking) network(ctx context.Context, of []int) {
	what := c.needs[of[0]].What
	var ids []string
	for _, i := range of {
		ids = append(ids, c.needs[i].Name)
	}
	ask := c.v.o.AWS.Subnets
	if what == resource.NeedSecurityGroup {
		ask = c.v.o.AWS.SecurityGroups
	}
	known := make([]kept, len(of))
	all := true
	for n, i := range of {
		k, have := c.v.memo.known(c.networkKey(i))
		known[n], all = k, all && have
	}
	if !all {
		vpcs, err := ask(ctx, c.target, ids)
		for n, i := range of {
			vpc, exists := vpcs[c.needs[i].Name]
			k := kept{answer: ok(""), vpc: vpc}
			switch {
			case err != nil:
				k.answer = failed(err)
			case !exists:
				k.answer = missing("there is no such %s in this account and region", what)
			}
			c.v.memo.put(c.networkKey(i), k)
			known[n] = k
		}
	}
	for n, i := range of {
		c.set(i, known[n].answer)
		c.located(i, known[n].vpc)
	}
}

func (c *checking) networkKey(i int) string {
	return strings.Join([]string{c.target, string(c.needs[i].What), c.needs[i].Name}, "\x00")
}

// oneVPC holds subnets, security groups and target groups to one VPC: tasks have
// their network interfaces in the subnets', and nothing of another reaches them.
func (c *checking) oneVPC() {
	home, of := "", ""
	slices.SortFunc(c.vpcs, func(a, b vpcOf) int { return a.need - b.need })
	for _, what := range []resource.NeedKind{resource.NeedSubnet, resource.NeedSecurityGroup, resource.NeedTargetGroup} {
		for _, x := range c.vpcs {
			n := c.needs[x.need]
			switch {
			case n.What != what || c.out[x.need].Verdict == resource.NotThere:
			case home == "":
				home, of = x.vpc, n.Name
			case x.vpc != home:
				c.set(x.need, missing("it is in %s, and %s is in %s: all must be of one VPC", x.vpc, of, home))
			}
		}
	}
}

// targetGroup checks that a target group takes the targets that the tasks' network
// mode makes: addresses with awsvpc, container instances else ("Service load
// balancing considerations", Developer Guide).
func (c *checking) targetGroup(ctx context.Context, n resource.Need) (answer, string) {
	has, vpc := n.Has, n.VPC
	if !n.Own {
		region, account := regionOf(n.Name)
		if region == "" {
			return missing("this is not the ARN of a target group"), ""
		}
		own, at, err := c.v.o.AWS.Where(ctx, c.target)
		switch {
		case err != nil:
			return failed(err), ""
		case own != account || at != region:
			return unchecked("it is in account %s and region %s, and this target is %s in %s", account, region, own, at), ""
		}
		has, vpc, err = c.v.o.AWS.TargetGroup(ctx, c.target, n.Name)
		switch {
		case resource.ClassOf(err) == resource.ClassNotFound:
			return missing("there is no such target group"), ""
		case err != nil:
			return failed(err), ""
		}
	}
	if n.TargetType != "" && has != "" && has != n.TargetType {
		return missing("its target type is %s, and tasks of this network mode need %s", has, n.TargetType), vpc
	}
	return ok(""), vpc
}

// function checks what a lifecycle hook calls. Whether the hook's role may invoke it
// only AWS can judge.
func (c *checking) function(ctx context.Context, n resource.Need) answer {
	region, account := regionOf(n.Name)
	if account != "" {
		own, at, err := c.v.o.AWS.Where(ctx, c.target)
		switch {
		case err != nil:
			return failed(err)
		case own != account || at != region:
			return unchecked("it is in account %s and region %s, and this target is %s in %s", account, region, own, at)
		}
	}
	trouble, err := c.v.o.AWS.Function(ctx, c.target, n.Name)
	switch {
	case resource.ClassOf(err) == resource.ClassNotFound:
		return missing("there is no such function, version or alias")
	case err != nil:
		return failed(err)
	case trouble != "":
		return missing("the function cannot be invoked: %s", trouble)
	}
	return ok("")
}

// String of an image in ECR for messages.
func ecrName(i resource.ECRImage) string {
	if i.Digest != "" {
		return fmt.Sprintf("%s@%s", i.Repository, i.Digest)
	}
	return fmt.Sprintf("%s:%s", i.Repository, i.Tag)
}
