package spec

import (
	"strings"
	"testing"
)

func TestParseTargets(t *testing.T) {
	targets, problems := ParseTargets(File{Path: "targets.yaml", Data: []byte(`targets:
  prod: {account: 111122223333, region: eu-west-1, roleArn: "arn:aws:iam::111122223333:role/ops/deployer", externalId: "x-1"}
  lab:
    region: us-gov-west-1
    roleArn: arn:aws-us-gov:iam::000000000042:role/lab
  default: {}
`)})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := map[string]Target{
		"prod":    {Account: "111122223333", Region: "eu-west-1", RoleARN: "arn:aws:iam::111122223333:role/ops/deployer", ExternalID: "x-1", Pos: "targets.yaml:2:3"},
		"lab":     {Account: "000000000042", Region: "us-gov-west-1", RoleARN: "arn:aws-us-gov:iam::000000000042:role/lab", Pos: "targets.yaml:3:3"},
		"default": {Pos: "targets.yaml:6:3"},
	}
	if len(targets) != len(want) {
		t.Fatalf("have %v", targets)
	}
	for name, w := range want {
		if targets[name] != w {
			t.Errorf("%s is %+v, want %+v", name, targets[name], w)
		}
	}
	if targets["lab"].Place() != "000000000042/us-gov-west-1" {
		t.Errorf("lab is at %s", targets["lab"].Place())
	}
}

// Every mistake of a file is told at once, with its place and the way out.
func TestParseTargetsErrors(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"empty":    {"", []string{"t.yaml:1:1: no targets here"}},
		"no key":   {"{}", []string{"t.yaml:1:1: the key targets is missing"}},
		"a list":   {"targets: [prod]", []string{"t.yaml:1:10: targets: expects a mapping"}},
		"two docs": {"targets: {a: {}}\n---\ntargets: {b: {}}", []string{"t.yaml:3:1: a targets file is one document"}},
		"syntax":   {"targets:\n  a: [", []string{"t.yaml:2:3: not valid YAML"}},
		"twice":    {"targets: {a: {}, a: {}}", []string{`t.yaml:1:18: duplicate key "a"`}},
		"all at once": {`targets:
  prod:
    acount: 111122223333
    region: Ireland
    roleArn: deployer
  "a b": {account: 0x12}
  lab: eu-west-1
  own: {externalId: abc}
  off: {account: 111122223333, roleArn: "arn:aws:iam::444455556666:role/x"}
  nil: {region: }
profile: x
`, []string{
			`t.yaml:3:5: targets.prod: there is no field "acount"; did you mean "account"?`,
			`t.yaml:4:13: targets.prod.region: "Ireland" is not a region like eu-west-1`,
			`t.yaml:5:14: targets.prod.roleArn: "deployer" is not a role's ARN`,
			`t.yaml:6:3: targets: the name "a b"`,
			`t.yaml:6:20: targets.a b.account: "0x12" is not an account id of 12 digits`,
			`t.yaml:7:8: targets.lab: expects a mapping with account, externalId, region, roleArn, got text`,
			`t.yaml:8:21: targets.own.externalId is only for a roleArn`,
			`t.yaml:9:3: targets.off: the role belongs to account 444455556666, and account says 111122223333`,
			`t.yaml:10:17: targets.nil.region: expects a region like eu-west-1`,
			`t.yaml:11:1: the file: there is no field "profile"`,
		}},
	} {
		_, problems := ParseTargets(File{Path: "t.yaml", Data: []byte(c.file)})
		if len(problems) != len(c.want) {
			t.Errorf("%s: %d problems, want %d: %v", name, len(problems), len(c.want), problems)
			continue
		}
		for i, p := range problems {
			if !strings.HasPrefix(p.String(), c.want[i]) {
				t.Errorf("%s: %q, want %q", name, p, c.want[i])
			}
		}
	}
}
