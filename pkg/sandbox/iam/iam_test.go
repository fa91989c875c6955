package iam

import (
	"fmt"
	"strings"
	"testing"
)

func decide(t *testing.T, statements, action, resource string, kv ...string) Decision {
	t.Helper()
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	context := map[string][]string{}
	for i := 0; i < len(kv); i += 2 {
		context[strings.ToLower(kv[i])] = strings.Split(kv[i+1], "|")
	}
	return p.Decide(Request{Action: action, Resource: resource, Context: context})
}

func TestActionsAndResources(t *testing.T) {
	const service = "arn:aws:ecs:us-east-1:123456789012:service/main/web"
	for i, c := range []struct {
		statements, action, resource string
		want                         Decision
	}{
		{`{"Effect":"Allow","Action":"ecs:UpdateService","Resource":"*"}`, "ecs:UpdateService", service, Allowed},
		{`{"Effect":"Allow","Action":"ECS:updateservice","Resource":"*"}`, "ecs:UpdateService", service, Allowed},
		{`{"Effect":"Allow","Action":"ecs:Update*","Resource":"arn:aws:ecs:*:*:service/main/*"}`, "ecs:UpdateService", service, Allowed},
		{`{"Effect":"Allow","Action":"ecs:?pdateService","Resource":"arn:aws:ecs:*:*:service/other/*"}`, "ecs:UpdateService", service, Silent},
		{`{"Effect":"Allow","Action":"ecs:Update*","Resource":"` + strings.ToUpper(service) + `"}`, "ecs:UpdateService", service, Silent},
		{`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ecs:Delete*","Resource":"*"}`, "ecs:DeleteService", service, Denied},
		{`{"Effect":"Deny","Action":"ecs:Delete*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}`, "ecs:DeleteService", service, Denied},
		{`{"Effect":"Allow","NotAction":"ecs:Delete*","Resource":"*"}`, "ecs:DeleteService", service, Silent},
		{`{"Effect":"Allow","NotAction":["ecs:Delete*"],"Resource":"*"}`, "ecs:UpdateService", service, Allowed},
		{`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:ecs:*:*:service/main/*"}`, "ecs:UpdateService", service, Silent},
		{`{"Effect":"Allow","Action":"ecs:*","Resource":"arn:aws:ecs:*:*:service/main/*"}`, "ecs:ListServices", "*", Silent},
		{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecs:*:service/main/web"}`, "ecs:UpdateService", service, Silent}, // a wildcard ends at the colon
		{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecs:*:*:service/${*}"}`, "ecs:UpdateService", service, Silent},
		{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecs:*:*:service/main/${*}"}`, "ecs:UpdateService", "arn:aws:ecs:us-east-1:123456789012:service/main/*", Allowed},
	} {
		if got := decide(t, c.statements, c.action, c.resource); got != c.want {
			t.Errorf("%d %s: %s on %s is %v, want %v", i, c.statements, c.action, c.resource, got, c.want)
		}
	}
}

func TestConditions(t *testing.T) {
	const cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/main"
	for i, c := range []struct {
		condition string
		context   []string
		want      bool
	}{
		{`"StringEquals":{"aws:ResourceTag/o":"me"}`, []string{"aws:resourcetag/o", "me"}, true},
		{`"StringEquals":{"AWS:resourceTAG/o":["you","me"]}`, []string{"aws:ResourceTag/o", "me"}, true},
		{`"StringEquals":{"aws:ResourceTag/o":"me"}`, []string{"aws:ResourceTag/o", "Me"}, false},
		{`"StringEquals":{"aws:ResourceTag/o":"m*"}`, []string{"aws:ResourceTag/o", "me"}, false},
		{`"StringEquals":{"aws:ResourceTag/o":"me"}`, nil, false},
		{`"StringEqualsIfExists":{"aws:ResourceTag/o":"me"}`, nil, true},
		{`"StringEqualsIfExists":{"aws:ResourceTag/o":"me"}`, []string{"aws:ResourceTag/o", "you"}, false},
		{`"StringNotEquals":{"aws:ResourceTag/o":"me"}`, nil, true},
		{`"StringNotEquals":{"aws:ResourceTag/o":["me","you"]}`, []string{"aws:ResourceTag/o", "you"}, false},
		{`"StringLike":{"aws:ResourceTag/o":"m?*"}`, []string{"aws:ResourceTag/o", "me"}, true},
		{`"StringEqualsIgnoreCase":{"k:k":"ME"}`, []string{"k:k", "me"}, true},
		{`"ArnEquals":{"ecs:cluster":"` + cluster + `"}`, []string{"ecs:cluster", cluster}, true},
		{`"ArnEquals":{"ecs:cluster":"arn:aws:ecs:*:*:cluster/m*"}`, []string{"ecs:cluster", cluster}, true},
		{`"ArnLike":{"ecs:cluster":"arn:aws:ecs:*:cluster/main"}`, []string{"ecs:cluster", cluster}, false},
		{`"ArnNotLike":{"ecs:cluster":"arn:aws:ecs:*:*:cluster/m*"}`, []string{"ecs:cluster", cluster}, false},
		{`"Bool":{"aws:SecureTransport":true}`, []string{"aws:SecureTransport", "true"}, true},
		{`"Null":{"aws:ResourceTag/o":"true"}`, nil, true},
		{`"Null":{"aws:ResourceTag/o":"true"}`, []string{"aws:ResourceTag/o", "me"}, false},
		{`"Null":{"aws:ResourceTag/o":"false"}`, []string{"aws:ResourceTag/o", "me"}, true},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, []string{"aws:TagKeys", "a|b"}, true},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, []string{"aws:TagKeys", "a|c"}, false},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, nil, true},
		{`"ForAllValues:StringNotEquals":{"aws:TagKeys":"o"}`, []string{"aws:TagKeys", "a|o"}, false},
		{`"ForAllValues:StringNotEquals":{"aws:TagKeys":"o"}`, []string{"aws:TagKeys", "a|b"}, true},
		{`"ForAnyValue:StringEquals":{"aws:TagKeys":"o"}`, []string{"aws:TagKeys", "a|o"}, true},
		{`"ForAnyValue:StringEquals":{"aws:TagKeys":"o"}`, nil, false},
		{`"StringEquals":{"k:a":"${k:b}"}`, []string{"k:a", "x", "k:b", "x"}, true},
		{`"StringLike":{"k:a":"${k:b}"}`, []string{"k:a", "xyz", "k:b", "x*"}, false},
		{`"StringEquals":{"k:a":"${k:c, 'x'}"}`, []string{"k:a", "x"}, true},
		{`"StringEquals":{"k:a":"${k:c}"}`, []string{"k:a", "${k:c}"}, false},
		{`"StringEquals":{"k:a":"1"},"StringLike":{"k:b":"2"}`, []string{"k:a", "1"}, false},
		{`"StringEquals":{"k:a":"1","k:b":"2"}`, []string{"k:a", "1", "k:b", "2"}, true},
	} {
		got := decide(t, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+c.condition+`}}`, "ecs:X", "*", c.context...) == Allowed
		if got != c.want {
			t.Errorf("%d %s with %v is %v, want %v", i, c.condition, c.context, got, c.want)
		}
	}
}

// TestUnknownIsNoPolicy: what is not understood is never enforced in part.
func TestUnknownIsNoPolicy(t *testing.T) {
	for _, bad := range []string{
		``, `[]`, `{}`, `{"Version":"2012-10-17","Statement":[]}`,
		`{"Version":"2020-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","NotAction":"a:b","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"Describe","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"a:b":"1"}}}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"a:b":"maybe"}}}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":{"a":1},"Resource":"*"}}`,
	} {
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if _, err := Parse([]byte(`{"Statement":{"Effect":"Allow","Action":["a:b"],"Resource":"*"}}`)); err != nil {
		t.Error(err)
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{{"", "", true}, {"*", "", true}, {"a*b*c", "aXXbYYc", true}, {"a*b*c", "aXXbYY", false}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"**", "x", true}, {"*a", "aab", false}, {"*ab", "aab", true}} {
		if Glob(c.pattern, c.text) != c.want {
			t.Error(fmt.Sprint(c))
		}
	}
}
