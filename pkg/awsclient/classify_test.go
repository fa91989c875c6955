package awsclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

func callContext(service, operation string) context.Context {
	return middleware.WithOperationName(middleware.WithServiceID(context.Background(), service), operation)
}

func answered(status int, err error) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}
}

func TestClasses(t *testing.T) {
	const read, write = "DescribeServices", "CreateService"
	for _, tc := range []struct {
		service, operation string
		status             int
		code, message      string
		want               resource.Class
	}{
		{"ECS", read, 400, "ThrottlingException", "Rate exceeded", resource.ClassThrottled},
		{"Elastic Load Balancing v2", read, 400, "Throttling", "Rate exceeded", resource.ClassThrottled},
		{"Application Auto Scaling", read, 400, "FailedResourceAccessException", "Unable to retrieve alarms for scaling policy … due to reason: Rate exceeded", resource.ClassThrottled},
		{"Application Auto Scaling", read, 400, "FailedResourceAccessException", "Unable to retrieve alarms: Not authorized", resource.ClassDenied},
		{"Application Auto Scaling", write, 400, "ConcurrentUpdateException", "x", resource.ClassConflict},
		{"Application Auto Scaling", write, 400, "LimitExceededException", "x", resource.ClassInvalid},
		{"Application Auto Scaling", write, 400, "ObjectNotFoundException", "No scalable target registered", resource.ClassNotFound},
		{"Application Auto Scaling", write, 400, "ValidationException", "ECS service doesn't exist: service/a/b", resource.ClassTransient},
		{"Application Auto Scaling", write, 400, "ValidationException", "Maximum capacity cannot be less than minimum capacity", resource.ClassInvalid},
		{"Application Auto Scaling", read, 500, "InternalServiceException", "x", resource.ClassTransient},
		{"Application Auto Scaling", write, 500, "InternalServiceException", "x", resource.ClassUnknownOutcome},
		{"ECS", write, 500, "ServerException", "x", resource.ClassUnknownOutcome},
		{"ECS", read, 500, "ServerException", "x", resource.ClassTransient},
		{"ECS", write, 400, "ClusterNotFoundException", "Cluster not found.", resource.ClassNotFound},
		{"ECS", write, 400, "ServiceNotActiveException", "Service was not ACTIVE.", resource.ClassNotFound},
		{"ECS", write, 400, "InvalidParameterException", "The target group with targetGroupArn arn:x does not have an associated load balancer.", resource.ClassTransient},
		{"ECS", write, 400, "InvalidParameterException", "Unable to assume the service linked role. Please verify that the ECS service linked role exists.", resource.ClassTransient},
		{"ECS", write, 400, "InvalidParameterException", "The service cannot be stopped while deployments are active.", resource.ClassTransient},
		{"ECS", write, 400, "InvalidParameterException", "Unable to Start a service that is still Draining.", resource.ClassTransient},
		{"ECS", write, 400, "InvalidParameterException", "Creation of service was not idempotent.", resource.ClassConflict},
		{"ECS", write, 400, "InvalidParameterException", "Number of container definitions must be at least 1.", resource.ClassInvalid},
		{"ECS", write, 400, "ClientException", "Too many concurrent attempts to create a new revision of the specified family.", resource.ClassThrottled},
		{"ECS", write, 400, "ClientException", "Fargate requires task definition to have execution role ARN", resource.ClassInvalid},
		{"ECS", "DescribeTaskDefinition", 400, "ClientException", "Unable to describe task definition.", resource.ClassNotFound},
		{"ECS", write, 400, "AccessDeniedException", "User: x is not authorized to perform: ecs:CreateService", resource.ClassDenied},
		{"ECS", write, 400, "PlatformUnknownException", "x", resource.ClassInvalid},
		// A clock that is off: the next attempt is signed with AWS' time. A wrong key is another matter.
		{"ECS", write, 400, "InvalidSignatureException", "Signature expired: 20261127T220000Z is now earlier than 20261127T225500Z (20261127T230000Z - 5 min.)", resource.ClassTransient},
		{"ECS", read, 400, "InvalidSignatureException", "Signature not yet current: 20261127T235900Z is still later than 20261127T230500Z (20261127T230000Z + 5 min.)", resource.ClassTransient},
		{"Elastic Load Balancing v2", write, 403, "SignatureDoesNotMatch", "Signature expired: 20261127T220000Z is now earlier than 20261127T225500Z", resource.ClassTransient},
		{"CloudWatch", read, 403, "SignatureDoesNotMatch", "Signature not yet current: 20261127T235900Z is still later than 20261127T230500Z", resource.ClassTransient},
		{"CloudWatch", write, 400, "RequestExpired", "Request has expired.", resource.ClassTransient},
		{"S3", read, 403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", resource.ClassTransient},
		{"ECS", write, 400, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.", resource.ClassDenied},
		{"Elastic Load Balancing v2", write, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.", resource.ClassDenied},
		{"Elastic Load Balancing v2", write, 400, "PriorityInUse", "x", resource.ClassConflict},
		{"Elastic Load Balancing v2", write, 400, "DuplicateTargetGroupName", "x", resource.ClassConflict},
		{"Elastic Load Balancing v2", "DeleteTargetGroup", 400, "ResourceInUse", "x", resource.ClassTransient},
		{"Elastic Load Balancing v2", read, 400, "TargetGroupNotFound", "x", resource.ClassNotFound},
		{"Elastic Load Balancing v2", write, 400, "TooManyTargetGroups", "x", resource.ClassInvalid},
		{"CloudWatch", write, 400, "LimitExceeded", "x", resource.ClassInvalid},
		{"CloudWatch", write, 500, "InternalServiceError", "x", resource.ClassUnknownOutcome},
		{"CloudWatch", read, 403, "SomethingNew", "x", resource.ClassDenied},
		{"CloudWatch", read, 429, "SomethingNew", "x", resource.ClassThrottled},
		{"CloudWatch", write, 400, "SomethingNew", "x", resource.ClassInvalid},
	} {
		ctx := callContext(tc.service, tc.operation)
		err := classify(ctx, answered(tc.status, &smithy.GenericAPIError{Code: tc.code, Message: tc.message}), true)
		if got := resource.ClassOf(err); got != tc.want {
			t.Errorf("%s %s %d %s %q: %v, want %v", tc.service, tc.operation, tc.status, tc.code, tc.message, got, tc.want)
		}
	}
}

func TestErrorsWithoutAnAnswer(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for _, tc := range []struct {
		name      string
		err       error
		sent      bool
		read      resource.Class
		write     resource.Class
		operation string
	}{
		{"nobody listens", &smithyhttp.RequestSendError{Err: dial}, true, resource.ClassTransient, resource.ClassTransient, ""},
		{"no such host", &smithyhttp.RequestSendError{Err: &net.DNSError{}}, true, resource.ClassTransient, resource.ClassTransient, ""},
		{"the answer is lost", &smithyhttp.RequestSendError{Err: errors.New("EOF")}, true, resource.ClassTransient, resource.ClassUnknownOutcome, ""},
		{"the answer is garbage", answered(200, &smithy.DeserializationError{Err: errors.New("x")}), true, resource.ClassTransient, resource.ClassUnknownOutcome, ""},
		{"the input is incomplete", smithy.InvalidParamsError{}, false, resource.ClassInvalid, resource.ClassInvalid, ""},
		{"credentials are gone", fmt.Errorf("get identity: get credentials: failed to refresh cached credentials"), false, resource.ClassDenied, resource.ClassDenied, ""},
		{"nothing was sent", errors.New("no endpoint"), false, resource.ClassTransient, resource.ClassTransient, ""},
	} {
		for operation, want := range map[string]resource.Class{"ListServices": tc.read, "UpdateService": tc.write} {
			err := classify(callContext("ECS", operation), tc.err, tc.sent)
			if got := resource.ClassOf(err); got != want {
				t.Errorf("%s, %s: %v, want %v", tc.name, operation, got, want)
			}
			if !errors.Is(err, tc.err) && tc.name != "the input is incomplete" {
				t.Errorf("%s: the cause is lost: %v", tc.name, err)
			}
		}
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"dial http://user:pa55@proxy:80: refused":       "dial http://***@proxy:80: refused",
		"https://x/?X-Amz-Signature=abc&Action=b":       "https://x/?X-Amz-Signature=***&Action=b",
		`{"SessionToken":"IQoJ","AccountId":"1"}`:       `{"SessionToken":"***","AccountId":"1"}`,
		"the token is invalid":                          "the token is invalid",
		"aws_secret_access_key = wJalrX in credentials": "aws_secret_access_key = *** in credentials",
	} {
		if got := redact(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
