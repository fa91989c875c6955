package verify_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/verify"
)

// account is a sandbox with what may go wrong with single calls.
type account struct {
	*sandbox.Sandbox
	mu    sync.Mutex
	fault func(c sandbox.Call) *sandbox.Fault
}

func newAccount() *account {
	a := &account{}
	a.Sandbox = sandbox.New(sandbox.Options{Fault: func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.fault == nil {
			return nil
		}
		return a.fault(c)
	}})
	return a
}

func (a *account) spoil(f func(c sandbox.Call) *sandbox.Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = f
}

func (a *account) inspector(t *testing.T) resource.Inspector {
	t.Helper()
	p, err := awsclient.New(t.Context(), awsclient.Options{
		Targets: map[string]awsclient.Target{"default": {Region: sandbox.Region}}, Static: true, Unlimited: true,
		Endpoint: "http://sandbox.invalid", HTTPClient: &http.Client{Transport: a.Transport()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds.NewInspector(p.ReadOnly())
}

const (
	ecrHost = "123456789012.dkr.ecr.us-east-1.amazonaws.com/"
	secret  = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
	role    = "arn:aws:iam::123456789012:role/"
	arn     = "arn:aws:lambda:us-east-1:123456789012:function:"
	group   = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/nobody/0123456789abcdef"
)

// one is a check and how it ends.
type one struct {
	need    resource.Need
	verdict resource.Verdict
	why     string // a part of it
}

func need(what resource.NeedKind, name string) resource.Need {
	n := resource.Need{What: what, Path: "path", Name: name}
	switch what {
	case resource.NeedRole:
		n.Principals = []string{"ecs-tasks.amazonaws.com"}
	case resource.NeedImage:
		n.OS, n.Architecture = "linux", "arm64"
	}
	return n
}

// Each check, with the thing there, missing and denied.
func TestChecks(t *testing.T) {
	const (
		there  = resource.Verified
		gone   = resource.NotThere
		asked  = resource.NotChecked
		denied = "it may not be looked at"
	)
	creates := need(resource.NeedLogGroup, "/ecs/missing")
	creates.Creates = true
	ecs := need(resource.NeedRole, role+"infrastructure")
	ecs.Principals = []string{"ecs.amazonaws.com"}
	anyCPU := need(resource.NeedImage, ecrHost+"app:1-amd64")
	anyCPU.OS, anyCPU.Architecture = "", ""
	own := resource.Need{What: resource.NeedTargetGroup, Name: "$(targetGroups.web.arn)", Own: true, Has: "instance", VPC: "vpc-0sandbox", TargetType: "ip"}
	fits := own
	fits.Has = "ip"
	for name, tc := range map[string]one{
		"role":                       {need(resource.NeedRole, role+"some/path/tasks"), there, ""},
		"role by its name":           {need(resource.NeedRole, "tasks"), there, ""},
		"role of ECS":                {ecs, there, ""},
		"role missing":               {need(resource.NeedRole, role+"missing"), gone, "there is no such role"},
		"role denied":                {need(resource.NeedRole, role+"denied"), asked, denied},
		"role that trusts others":    {need(resource.NeedRole, role+"untrusted"), gone, "does not trust ecs-tasks.amazonaws.com"},
		"role of another account":    {need(resource.NeedRole, "arn:aws:iam::210987654321:role/x"), asked, "account 210987654321"},
		"role that is a user":        {need(resource.NeedRole, "arn:aws:iam::123456789012:user/x"), gone, "not the ARN of a role"},
		"secret":                     {need(resource.NeedSecret, secret+"db-a1b2c3"), there, ""},
		"secret's key":               {need(resource.NeedSecret, secret+"db-a1b2c3:password::"), there, "its key password was not looked for"},
		"secret's stage":             {need(resource.NeedSecret, secret+"db-a1b2c3::AWSPREVIOUS:"), there, ""},
		"secret's missing stage":     {need(resource.NeedSecret, secret+"db-a1b2c3::other:"), gone, "no version in stage other"},
		"secret's version":           {need(resource.NeedSecret, secret+"db-a1b2c3:::a1b2c3d4-5678-90ab-cdef-000000000001"), there, ""},
		"secret's unknown version":   {need(resource.NeedSecret, secret+"db-a1b2c3:::a1b2c3d4-5678-90ab-cdef-00000000000f"), asked, "no staged version"},
		"secret missing":             {need(resource.NeedSecret, secret+"missing-a1b2c3:key::"), gone, "there is no such secret"},
		"secret denied":              {need(resource.NeedSecret, secret+"denied-a1b2c3"), asked, denied},
		"secret deleted":             {need(resource.NeedSecret, secret+"deleted-a1b2c3"), gone, "scheduled for deletion since"},
		"secret empty":               {need(resource.NeedSecret, secret+"empty-a1b2c3"), gone, "no value yet"},
		"secret in no form":          {need(resource.NeedSecret, secret+"db-a1b2c3:key"), gone, "no form that ECS takes"},
		"parameter":                  {need(resource.NeedParameter, "arn:aws:ssm:us-east-1:123456789012:parameter/shop/db"), there, ""},
		"parameter by its name":      {need(resource.NeedParameter, "/shop/db"), there, ""},
		"parameter without levels":   {need(resource.NeedParameter, "arn:aws:ssm:us-east-1:123456789012:parameter/db"), there, ""},
		"parameter missing":          {need(resource.NeedParameter, "/shop/missing"), gone, "no such parameter"},
		"parameter denied":           {need(resource.NeedParameter, "/shop/denied"), asked, denied},
		"log group":                  {need(resource.NeedLogGroup, "/ecs/app"), there, ""},
		"log group missing":          {need(resource.NeedLogGroup, "/ecs/missing"), gone, "awslogs-create-group is not set"},
		"log group to be made":       {creates, there, "the log driver creates it"},
		"log group denied":           {need(resource.NeedLogGroup, "/ecs/denied"), asked, denied},
		"subnet":                     {need(resource.NeedSubnet, "subnet-0a"), there, ""},
		"subnet missing":             {need(resource.NeedSubnet, "subnet-0missing"), gone, "no such subnet"},
		"subnet denied":              {need(resource.NeedSubnet, "subnet-0denied"), asked, denied},
		"security group":             {need(resource.NeedSecurityGroup, "sg-0a"), there, ""},
		"security group missing":     {need(resource.NeedSecurityGroup, "sg-0missing"), gone, "no such security group"},
		"security group denied":      {need(resource.NeedSecurityGroup, "sg-0denied"), asked, denied},
		"target group missing":       {need(resource.NeedTargetGroup, group), gone, "there is no such target group"},
		"target group elsewhere":     {need(resource.NeedTargetGroup, strings.Replace(group, "us-east-1", "eu-west-1", 1)), asked, "eu-west-1"},
		"own target group":           {fits, there, ""},
		"own target group unfit":     {own, gone, "its target type is instance, and tasks of this network mode need ip"},
		"function":                   {need(resource.NeedFunction, arn+"gate"), there, ""},
		"function's version":         {need(resource.NeedFunction, arn+"gate:7"), there, ""},
		"function missing":           {need(resource.NeedFunction, arn+"missing"), gone, "no such function"},
		"function denied":            {need(resource.NeedFunction, arn+"denied"), asked, denied},
		"function broken":            {need(resource.NeedFunction, arn+"broken"), gone, "its state is Failed"},
		"function of another region": {need(resource.NeedFunction, strings.Replace(arn, "us-east-1", "eu-west-1", 1)+"x"), asked, "eu-west-1"},
		"image":                      {need(resource.NeedImage, ecrHost+"app:1"), there, ""},
		"image by digest":            {need(resource.NeedImage, ecrHost+"app@sha256:"+strings.Repeat("0", 64)), there, ""},
		"image missing":              {need(resource.NeedImage, ecrHost+"app:missing"), gone, "no image app:missing in ECR of account 123456789012 in us-east-1"},
		"repository missing":         {need(resource.NeedImage, ecrHost+"missing:1"), gone, "no image missing:1"},
		"image denied":               {need(resource.NeedImage, ecrHost+"denied:1"), asked, denied},
		"image for another CPU":      {need(resource.NeedImage, ecrHost+"app:1-amd64"), gone, "made for linux/amd64, and the tasks run on linux/arm64"},
		"image for this CPU":         {need(resource.NeedImage, ecrHost+"app:1-arm64"), there, ""},
		"image for any CPU":          {anyCPU, there, ""},
		"image without an index":     {need(resource.NeedImage, ecrHost+"app:single"), there, "not reached from here"},
		"image to be pulled through": {need(resource.NeedImage, ecrHost+"docker-hub/library/missing:1"), asked, "pull through cache"},
		"image of another registry":  {need(resource.NeedImage, "nginx:1.29"), asked, "no registry but ECR"},
		"image that is none":         {need(resource.NeedImage, "UPPER CASE"), gone, "no image reference"},
		"something new":              {need("moon", "x"), asked, "nothing checks"},
	} {
		t.Run(name, func(t *testing.T) {
			v := verify.New(verify.Options{AWS: newAccount().inspector(t)})
			f := v.Verify(t.Context(), "default", []resource.Need{tc.need})[0]
			if f.Verdict != tc.verdict || !strings.Contains(f.Why, tc.why) || tc.verdict != there && f.Why == "" {
				t.Errorf("%s: %q, want %s: …%s…", f.Verdict, f.Why, tc.verdict, tc.why)
			}
			if f.Check != tc.need.What || f.Path != tc.need.Path || f.Name != tc.need.Name {
				t.Errorf("the finding is about something else: %+v", f)
			}
		})
	}
}

// A key of a secret is looked for where that was asked for; its value is in no finding.
func TestReadSecrets(t *testing.T) {
	v := verify.New(verify.Options{AWS: newAccount().inspector(t), ReadSecrets: true})
	found := v.Verify(t.Context(), "default", []resource.Need{
		need(resource.NeedSecret, secret+"db-a1b2c3:username::"), need(resource.NeedSecret, secret+"db-a1b2c3:nothing::"),
	})
	if found[0].Verdict != resource.Verified || found[0].Why != "" || found[1].Verdict != resource.NotThere || found[1].Why != "the secret has no key nothing" {
		t.Errorf("%+v", found)
	}
}

// One parameter that may not be seen denies the call for all: the others are asked
// for one by one.
func TestParametersOneByOne(t *testing.T) {
	v := verify.New(verify.Options{AWS: newAccount().inspector(t)})
	var needs []resource.Need
	for _, name := range []string{"/a", "/b/missing", "/c/denied"} {
		needs = append(needs, need(resource.NeedParameter, name))
	}
	found := v.Verify(t.Context(), "default", needs)
	for i, want := range []resource.Verdict{resource.Verified, resource.NotThere, resource.NotChecked} {
		if found[i].Verdict != want {
			t.Errorf("%+v, want %s", found[i], want)
		}
	}
}

// Everything of a service is in one VPC.
func TestOneVPC(t *testing.T) {
	v := verify.New(verify.Options{AWS: newAccount().inspector(t)})
	found := v.Verify(t.Context(), "default", []resource.Need{
		{What: resource.NeedTargetGroup, Name: "$(targetGroups.web.arn)", Own: true, Has: "ip", TargetType: "ip", VPC: "vpc-0elsewhere"},
		need(resource.NeedSecurityGroup, "sg-0elsewhere"), need(resource.NeedSubnet, "subnet-0a"), need(resource.NeedSubnet, "subnet-0b"),
	})
	for i, want := range []resource.Verdict{resource.NotThere, resource.NotThere, resource.Verified, resource.Verified} {
		if found[i].Verdict != want {
			t.Errorf("%+v, want %s", found[i], want)
		}
	}
	if want := "it is in vpc-0elsewhere, and subnet-0a is in vpc-0sandbox: all must be of one VPC"; found[1].Why != want {
		t.Errorf("%q, want %q", found[1].Why, want)
	}
}

// What AWS does not tell is not missing, whatever goes wrong: no call, no answer, a
// throttle, an error of its own.
func TestTroubleIsNotMissing(t *testing.T) {
	all := []resource.Need{
		need(resource.NeedRole, role+"a"), need(resource.NeedSecret, secret+"a-a1b2c3"), need(resource.NeedParameter, "/a"), need(resource.NeedParameter, "/b"),
		need(resource.NeedLogGroup, "/a"), need(resource.NeedSubnet, "subnet-0a"), need(resource.NeedSecurityGroup, "sg-0a"),
		need(resource.NeedTargetGroup, group), need(resource.NeedFunction, arn+"a"), need(resource.NeedImage, ecrHost+"a:1"), need(resource.NeedImage, ecrHost+"a:missing"),
	}
	for name, fault := range map[string]sandbox.Fault{
		"throttled": {Code: "ThrottlingException", Message: "Rate exceeded"},
		"dropped":   {Drop: true},
		"broken":    {Code: "InternalFailure", Status: 500},
		"denied":    {Code: "AccessDeniedException", Message: "no"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the retries wait
				a := newAccount()
				a.spoil(func(c sandbox.Call) *sandbox.Fault {
					if c.Service == "sts" || name == "denied" && c.Operation == "BatchGetImage" {
						return nil
					}
					f := fault
					return &f
				})
				v := verify.New(verify.Options{AWS: a.inspector(t)})
				for _, f := range v.Verify(t.Context(), "default", all) {
					if f.Name == ecrHost+"a:1" && name == "denied" {
						continue
					}
					if f.Verdict != resource.NotChecked || f.Why == "" {
						t.Errorf("%+v", f)
					}
				}
			})
		})
	}
}

// Answers are kept: nothing is asked twice in ten minutes, what is missing again
// after half a minute.
func TestAnswersAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount()
		v := verify.New(verify.Options{AWS: a.inspector(t)})
		needs := []resource.Need{need(resource.NeedRole, role+"a"), need(resource.NeedParameter, "/a"), need(resource.NeedSubnet, "subnet-0a"),
			need(resource.NeedSecurityGroup, "sg-0a"), need(resource.NeedLogGroup, "/ecs/missing")}
		asked := func() (operations []string) {
			before := len(a.Journal())
			v.Verify(t.Context(), "default", needs)
			for _, e := range a.Journal()[before:] {
				if e.Service != "sts" {
					operations = append(operations, e.Operation)
				}
			}
			return operations
		}
		if got := asked(); len(got) != 5 {
			t.Errorf("at first: %v", got)
		}
		if got := asked(); len(got) != 0 {
			t.Errorf("at once again: %v", got)
		}
		time.Sleep(31 * time.Second)
		if got := asked(); len(got) != 1 || got[0] != "DescribeLogGroups" {
			t.Errorf("half a minute later: %v", got)
		}
		time.Sleep(10 * time.Minute)
		if got := asked(); len(got) != 5 {
			t.Errorf("ten minutes later: %v", got)
		}
	})
}

// A check that hangs ends with the time that all of them have, and holds nothing up.
func TestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &account{}
		a.Sandbox = sandbox.New(sandbox.Options{Fault: func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "GetRole" {
				<-ctx.Done()
			}
			return nil
		}})
		began := time.Now()
		found := verify.New(verify.Options{AWS: a.inspector(t)}).Verify(t.Context(), "default", []resource.Need{need(resource.NeedRole, "a"), need(resource.NeedLogGroup, "/a")})
		if found[0].Verdict != resource.NotChecked || found[1].Verdict != resource.Verified || time.Since(began) > 31*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), found)
		}
	})
}
