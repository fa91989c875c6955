package sandbox

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
)

// EC2 speaks a dialect of the Query protocol: no Result element, items called item,
// and errors of their own form (smithy, "ec2Query protocol"). Its module of the SDK is
// as large as all others together, so the shapes of two calls stand here.

// ec2Describe is the part of DescribeSubnetsRequest and DescribeSecurityGroupsRequest
// that the sandbox knows, by the names on the wire.
type ec2Describe struct {
	SubnetId []string //nolint:revive // the name on the wire
	GroupId  []string //nolint:revive // the name on the wire
	Filter   []ec2Filter
}

type ec2Filter struct {
	Name  *string
	Value []string
}

type ec2Subnets struct {
	Items []ec2Subnet `xml:"subnetSet>item"`
}

type ec2Subnet struct {
	ID    string `xml:"subnetId"`
	State string `xml:"state"`
	VPC   string `xml:"vpcId"`
	Owner string `xml:"ownerId"`
	Zone  string `xml:"availabilityZone"`
	CIDR  string `xml:"cidrBlock"`
	Free  int    `xml:"availableIpAddressCount"`
}

type ec2SecurityGroups struct {
	Items []ec2SecurityGroup `xml:"securityGroupInfo>item"`
}

type ec2SecurityGroup struct {
	Owner string `xml:"ownerId"`
	Name  string `xml:"groupName"`
	ID    string `xml:"groupId"`
	About string `xml:"groupDescription"`
	VPC   string `xml:"vpcId"`
}

// ec2IDs are the ids that a call asks for: an id that does not exist is an error, a
// filter that nothing matches is not.
func ec2IDs(ids []string, filter, code, what string, in *ec2Describe, action string) ([]string, error) {
	var out []string
	for _, f := range in.Filter {
		if f.Name == nil || *f.Name != filter {
			return nil, refuse("InvalidParameterValue", "The sandbox filters %s by %s alone.", what, filter)
		}
		for _, id := range f.Value {
			if !isMissing(id) {
				out = append(out, id)
			}
		}
	}
	for _, id := range ids {
		if isMissing(id) {
			return nil, refuse(code, "The %s ID '%s' does not exist", what, id)
		}
		out = append(out, id)
	}
	for _, id := range out {
		if isDenied(id) { // describing has no permissions by resource: the name stands for the caller
			return nil, &apiError{Code: "UnauthorizedOperation", Status: http.StatusForbidden,
				Message: "You are not authorized to perform this operation. User: " + callerARN + " is not authorized to perform: ec2:" + action}
		}
	}
	return out, nil
}

// ec2VPC: everything is in the one VPC, but for ids that end with "elsewhere".
func ec2VPC(id string) string {
	if strings.HasSuffix(id, "elsewhere") {
		return "vpc-0elsewhere"
	}
	return "vpc-0sandbox"
}

func describeSubnets(_ *call, in *ec2Describe) (*ec2Subnets, error) {
	ids, err := ec2IDs(in.SubnetId, "subnet-id", "InvalidSubnetID.NotFound", "subnet", in, "DescribeSubnets")
	if err != nil {
		return nil, err
	}
	out := &ec2Subnets{}
	for _, id := range ids {
		out.Items = append(out.Items, ec2Subnet{ID: id, State: "available", VPC: ec2VPC(id), Owner: Account, Zone: Region + "a", CIDR: "10.0.0.0/20", Free: 4000})
	}
	return out, nil
}

func describeSecurityGroups(_ *call, in *ec2Describe) (*ec2SecurityGroups, error) {
	ids, err := ec2IDs(in.GroupId, "group-id", "InvalidGroup.NotFound", "security group", in, "DescribeSecurityGroups")
	if err != nil {
		return nil, err
	}
	out := &ec2SecurityGroups{}
	for _, id := range ids {
		out.Items = append(out.Items, ec2SecurityGroup{Owner: Account, Name: id, ID: id, About: "sandbox", VPC: ec2VPC(id)})
	}
	return out, nil
}

// ec2XML is an answer in EC2's dialect.
func ec2XML(operation, namespace, id string, out any) ([]byte, error) {
	inner, err := xml.Marshal(out)
	if err != nil {
		return nil, err
	}
	body := string(inner) // <TypeName>…</TypeName>: the type's own name is not on the wire
	if open := strings.IndexByte(body, '>'); open >= 0 {
		body = strings.TrimSuffix(body[open+1:], body[:1]+"/"+body[1:open+1])
	}
	return []byte("<" + operation + `Response xmlns="` + namespace + "\">\n<requestId>" + id + "</requestId>\n" + body + "\n</" + operation + "Response>\n"), nil
}

// ec2Error is an error in it.
func ec2Error(w wire.Error, id string) []byte {
	type failure struct {
		XMLName xml.Name `xml:"Response"`
		Code    string   `xml:"Errors>Error>Code"`
		Message string   `xml:"Errors>Error>Message"`
		ID      string   `xml:"RequestID"`
	}
	raw, err := xml.Marshal(failure{Code: w.Code, Message: w.Message, ID: id})
	if err != nil {
		panic(err) // strings
	}
	return raw
}
