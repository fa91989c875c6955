package awsclient

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// rule says what an error means. Service "" and fragment "" match everything.
type rule struct {
	service  string // as IAM spells it
	code     string
	fragment string // part of the message
	class    resource.Class
}

// rules are read from the top; the first that matches decides. What none
// matches is judged by its HTTP status. Sources: the SDK's retry package and
// exception types, and for the fragments the retry rules of
// terraform-provider-aws, which has met each of them.
var rules = []rule{
	// Throttles. ECS models none of these.
	{"", "ThrottlingException", "", resource.ClassThrottled},
	{"", "Throttling", "", resource.ClassThrottled},
	{"", "ThrottledException", "", resource.ClassThrottled},
	{"", "RequestThrottled", "", resource.ClassThrottled},
	{"", "RequestThrottledException", "", resource.ClassThrottled},
	{"", "RequestLimitExceeded", "", resource.ClassThrottled},
	{"", "TooManyRequestsException", "", resource.ClassThrottled},
	{"", "BandwidthLimitExceeded", "", resource.ClassThrottled},
	{"", "SlowDown", "", resource.ClassThrottled},
	{"", "PriorRequestNotComplete", "", resource.ClassThrottled},
	{"application-autoscaling", "FailedResourceAccessException", "Rate exceeded", resource.ClassThrottled}, // CloudWatch's, passed on: aws-sdk-go#1472
	{"", "", "Too many concurrent attempts to create a new revision", resource.ClassThrottled},

	// A clock that is off is no lack of permission: the SDK learns AWS' time from the
	// refusal, and the next attempt is signed with it.
	{"", "InvalidSignatureException", "Signature expired", resource.ClassTransient},
	{"", "InvalidSignatureException", "Signature not yet current", resource.ClassTransient},
	{"", "SignatureDoesNotMatch", "Signature expired", resource.ClassTransient},
	{"", "SignatureDoesNotMatch", "Signature not yet current", resource.ClassTransient},

	// Who may.
	{"", "AccessDeniedException", "", resource.ClassDenied},
	{"", "AccessDenied", "", resource.ClassDenied},
	{"", "UnauthorizedOperation", "", resource.ClassDenied},
	{"", "OperationNotPermitted", "", resource.ClassDenied},
	{"", "UnrecognizedClientException", "", resource.ClassDenied},
	{"", "InvalidClientTokenId", "", resource.ClassDenied},
	{"", "InvalidAccessKeyId", "", resource.ClassDenied},
	{"", "InvalidSignatureException", "", resource.ClassDenied},
	{"", "SignatureDoesNotMatch", "", resource.ClassDenied},
	{"", "IncompleteSignature", "", resource.ClassDenied},
	{"", "MissingAuthenticationToken", "", resource.ClassDenied},
	{"", "MissingAuthenticationTokenException", "", resource.ClassDenied},
	{"", "ExpiredToken", "", resource.ClassDenied},
	{"", "ExpiredTokenException", "", resource.ClassDenied},
	{"", "OptInRequired", "", resource.ClassDenied},
	{"ecs", "BlockedException", "", resource.ClassDenied},
	{"application-autoscaling", "FailedResourceAccessException", "", resource.ClassDenied},

	// Passing states behind codes that otherwise are for good: propagation of
	// roles, and the order in which AWS learns of things.
	{"ecs", "InvalidParameterException", "verify that the ECS service role being passed has the proper permissions", resource.ClassTransient},
	{"ecs", "InvalidParameterException", "Unable to assume the service linked role", resource.ClassTransient},
	{"ecs", "InvalidParameterException", "does not have an associated load balancer", resource.ClassTransient},
	{"ecs", "InvalidParameterException", "service cannot be stopped while deployments are active", resource.ClassTransient},
	{"ecs", "InvalidParameterException", "Unable to Start a service that is still Draining", resource.ClassTransient},
	{"ecs", "InvalidParameterException", "Creation of service was not idempotent", resource.ClassConflict},
	{"ecs", "ClientException", "unable to assume role", resource.ClassTransient},
	{"ecs", "ClientException", "Unable to assume the service linked role", resource.ClassTransient},
	{"application-autoscaling", "ValidationException", "ECS service doesn't exist", resource.ClassTransient},
	{"elasticloadbalancing", "ResourceInUse", "", resource.ClassTransient},
	{"cloudwatch", "ValidationError", "composite alarm(s) depending on", resource.ClassTransient}, // DeleteAlarms: ekristen/aws-nuke#462

	// Not there.
	{"", "ClusterNotFoundException", "", resource.ClassNotFound},
	{"", "ServiceNotFoundException", "", resource.ClassNotFound},
	{"", "ServiceNotActiveException", "", resource.ClassNotFound},
	{"", "ServiceDeploymentNotFoundException", "", resource.ClassNotFound},
	{"", "TargetNotFoundException", "", resource.ClassNotFound},
	{"", "ResourceNotFoundException", "", resource.ClassNotFound},
	{"", "ResourceNotFound", "", resource.ClassNotFound},
	{"", "ObjectNotFoundException", "", resource.ClassNotFound},
	{"", "TargetGroupNotFound", "", resource.ClassNotFound},
	{"", "ListenerNotFound", "", resource.ClassNotFound},
	{"", "RuleNotFound", "", resource.ClassNotFound},
	{"", "LoadBalancerNotFound", "", resource.ClassNotFound},
	{"iam", "NoSuchEntity", "", resource.ClassNotFound},
	{"s3", "NoSuchKey", "", resource.ClassNotFound},
	{"s3", "NoSuchBucket", "", resource.ClassNotFound},
	{"s3", "NoSuchVersion", "", resource.ClassNotFound},
	{"s3", "NotFound", "", resource.ClassNotFound}, // HEAD's answer has no body to name it
	{"sqs", "QueueDoesNotExist", "", resource.ClassNotFound},
	{"sqs", "AWS.SimpleQueueService.NonExistentQueue", "", resource.ClassNotFound},
	{"ecr", "RepositoryNotFoundException", "", resource.ClassNotFound},
	{"ecs", "ClientException", "Unable to describe task definition", resource.ClassNotFound},
	{"cloudwatch", "ValidationError", "in the alarm rule do not exist", resource.ClassNotFound}, // or not seen yet: awsdocs/aws-cloudformation-user-guide#911
	{"ecs", "InvalidParameterException", "The specified service was not found", resource.ClassNotFound},

	// Somebody else.
	{"", "ConflictException", "", resource.ClassConflict},
	{"", "UpdateInProgressException", "", resource.ClassConflict},
	{"", "ConcurrentUpdateException", "", resource.ClassConflict},
	{"", "ConcurrentModification", "", resource.ClassConflict},
	{"", "ConcurrentModificationException", "", resource.ClassConflict},
	{"", "PriorityInUse", "", resource.ClassConflict},
	{"", "DuplicateTargetGroupName", "", resource.ClassConflict},
	{"", "ResourceInUseException", "", resource.ClassConflict},
	{"s3", "PreconditionFailed", "", resource.ClassConflict},

	// Wrong, or full, until somebody changes something.
	{"", "LimitExceededException", "", resource.ClassInvalid},
	{"", "LimitExceededFault", "", resource.ClassInvalid},
	{"", "LimitExceeded", "", resource.ClassInvalid},

	// AWS' own trouble; on a write its effect is not known (see outcome).
	{"", "ServerException", "", resource.ClassUnknownOutcome},
	{"", "InternalServiceException", "", resource.ClassUnknownOutcome},
	{"", "InternalServiceFault", "", resource.ClassUnknownOutcome},
	{"", "InternalFailure", "", resource.ClassUnknownOutcome},
	{"", "InternalServerError", "", resource.ClassUnknownOutcome},
	{"", "InternalError", "", resource.ClassUnknownOutcome},
	{"", "ServiceUnavailable", "", resource.ClassUnknownOutcome},
	{"", "ServiceUnavailableException", "", resource.ClassUnknownOutcome},
	{"", "HealthUnavailable", "", resource.ClassUnknownOutcome},
	{"", "RequestTimeout", "", resource.ClassUnknownOutcome},
	{"", "RequestTimeoutException", "", resource.ClassUnknownOutcome},
	{"", "RequestExpired", "", resource.ClassTransient}, // refused at the door: a clock is off
	{"", "RequestTimeTooSkewed", "", resource.ClassTransient},
}

// code is AWS' code of an error, "" without one.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

// classify wraps an error of a call. sent says whether the newest attempt was
// given to the transport. A cancelled read, or a write that was never sent,
// comes back as it is: that is the caller's own doing.
func classify(ctx context.Context, err error, sent bool) error {
	var known *resource.Error
	if errors.As(err, &known) {
		return err
	}
	write := isWrite(middleware.GetOperationName(ctx))
	e := &resource.Error{Operation: operationOf(ctx), RequestID: requestID(middleware.Metadata{}, err), Err: err}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Code, e.Message = api.ErrorCode(), redact(api.ErrorMessage())
		e.Class = byCode(serviceOf(ctx), e.Code, e.Message, status(err))
	} else {
		if ctx.Err() != nil && !(write && sent) {
			return err
		}
		e.Code, e.Message, e.Class = withoutAnswer(err, sent)
	}
	if e.Class == resource.ClassUnknownOutcome && !write {
		e.Class = resource.ClassTransient
	}
	return framed{e}
}

// byCode judges an answer.
func byCode(service, code, message string, status int) resource.Class {
	for _, r := range rules {
		if (r.service == "" || r.service == service) && (r.code == "" || r.code == code) &&
			strings.Contains(strings.ToLower(message), strings.ToLower(r.fragment)) {
			if r.class == resource.ClassNotFound && status >= 500 {
				return resource.ClassUnknownOutcome // whoever is in trouble does not know what there is
			}
			return r.class
		}
	}
	switch {
	case status == 429:
		return resource.ClassThrottled
	case status == 401 || status == 403:
		return resource.ClassDenied
	case status >= 500:
		return resource.ClassUnknownOutcome
	case status == 200:
		return resource.ClassUnknownOutcome // an answer that could not be read
	}
	return resource.ClassInvalid
}

// withoutAnswer judges an error that carries no code of AWS.
func withoutAnswer(err error, sent bool) (code, message string, c resource.Class) {
	message = redact(err.Error())
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) { // the SDK's frames around it say nothing more
		message = redact(send.Err.Error())
	}
	var params smithy.InvalidParamsError
	if errors.As(err, &params) {
		return "InvalidParams", message, resource.ClassInvalid
	}
	var serialization *smithy.SerializationError
	if errors.As(err, &serialization) {
		return "Serialization", message, resource.ClassInvalid
	}
	if !sent {
		if strings.Contains(message, "get identity") || strings.Contains(message, "retrieve credentials") ||
			strings.Contains(message, "refresh cached credentials") {
			return "NoCredentials", message, resource.ClassDenied
		}
		return "NotSent", message, resource.ClassTransient
	}
	// A connection that was never made carried nothing.
	var op *net.OpError
	var dns *net.DNSError
	if errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" {
		return "NoConnection", message, resource.ClassTransient
	}
	if s := status(err); s != 0 {
		return "BadAnswer", message, byCode("", "", "", s)
	}
	return "NoAnswer", message, resource.ClassUnknownOutcome
}

// framed is a *resource.Error as it stands inside the SDK's own frame, which
// names the operation already ("operation error ECS: CreateService, …").
type framed struct{ err *resource.Error }

func (f framed) Error() string {
	if f.err.Message == "" {
		return f.err.Err.Error()
	}
	return f.err.Code + ": " + f.err.Message
}

// Unwrap gives the classified error.
func (f framed) Unwrap() error { return f.err }
