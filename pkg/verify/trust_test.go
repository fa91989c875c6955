package verify

import "testing"

func TestTrusts(t *testing.T) {
	const tasks = "ecs-tasks.amazonaws.com"
	allow := func(principal, action, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":` + action + condition + `}]}`
	}
	for name, tc := range map[string]struct {
		policy    string
		yes, sure bool
	}{
		"the usual":        {allow(`{"Service":"ecs-tasks.amazonaws.com"}`, `"sts:AssumeRole"`, ``), true, true},
		"lists":            {allow(`{"Service":["ec2.amazonaws.com","ecs-tasks.amazonaws.com"]}`, `["sts:TagSession","sts:AssumeRole"]`, ``), true, true},
		"one statement":    {`{"Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}}`, true, true},
		"wildcard action":  {allow(`{"Service":"ecs-tasks.amazonaws.com"}`, `"sts:Assume*"`, ``), true, true},
		"any action":       {allow(`{"Service":"ecs-tasks.amazonaws.com"}`, `"*"`, ``), true, true},
		"anyone":           {allow(`"*"`, `"sts:AssumeRole"`, ``), true, true},
		"another service":  {allow(`{"Service":"ec2.amazonaws.com"}`, `"sts:AssumeRole"`, ``), false, true},
		"an account":       {allow(`{"AWS":"arn:aws:iam::123456789012:root"}`, `"sts:AssumeRole"`, ``), false, true},
		"another action":   {allow(`{"Service":"ecs-tasks.amazonaws.com"}`, `"sts:AssumeRoleWithSAML"`, ``), false, true},
		"confused deputy":  {allow(`{"Service":"ecs-tasks.amazonaws.com"}`, `"sts:AssumeRole"`, `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:ecs:*"},"StringEquals":{"aws:SourceAccount":"1"}}`), true, true},
		"other conditions": {allow(`{"Service":"ecs-tasks.amazonaws.com"}`, `"sts:AssumeRole"`, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o"}}`), false, false},
		"inverted":         {`{"Statement":[{"Effect":"Allow","NotPrincipal":{"Service":"x"},"Action":"sts:AssumeRole"}]}`, false, false},
		"denied": {`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},
			{"Effect":"Deny","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:*"}]}`, false, true},
		"denied under conditions": {`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},
			{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, true, false},
		"allowed beside a conditional one": {`{"Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"},
			{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"x":"y"}}}]}`, true, true},
		"empty": {`{"Statement":[]}`, false, true},
	} {
		yes, sure, err := trusts(tc.policy, tasks)
		if err != nil || yes != tc.yes || sure != tc.sure {
			t.Errorf("%s: trusts %t, sure %t, %v; want %t, %t", name, yes, sure, err, tc.yes, tc.sure)
		}
	}
	if _, _, err := trusts("not a policy", tasks); err == nil {
		t.Error("what is no policy must be an error")
	}
}

func TestSecretForm(t *testing.T) {
	const arn = "arn:aws:secretsmanager:us-east-1:1:secret:db-a1b2c3"
	for in, want := range map[string][4]string{
		arn:                       {arn, "", "", ""},
		arn + ":key::":            {arn, "key", "", ""},
		arn + "::AWSPREVIOUS:":    {arn, "", "AWSPREVIOUS", ""},
		arn + ":key:AWSCURRENT:v": {arn, "key", "AWSCURRENT", "v"},
	} {
		got, key, stage, version, ok := secretForm(in)
		if !ok || [4]string{got, key, stage, version} != want {
			t.Errorf("%s: %q %q %q %q %t", in, got, key, stage, version, ok)
		}
	}
	for _, bad := range []string{arn + ":key", arn + ":key:stage", arn + ":a:b:c:d", "db"} {
		if _, _, _, _, ok := secretForm(bad); ok {
			t.Errorf("%s is no form that ECS takes", bad)
		}
	}
}
