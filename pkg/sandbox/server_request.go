package sandbox

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
)

// maxBody is more than any of the services takes (PutMetricData: 1 MB).
const maxBody = 2 << 20

type protocol int

const (
	protocolJSON protocol = iota
	protocolQuery
	protocolCBOR
	protocolREST // Lambda's: the path says what is wanted
	protocolS3
)

// request is a parsed request: whose it is and how to answer in its language.
type request struct {
	protocol    protocol
	service     serviceOf
	operation   string
	contentType string // of a JSON answer
	body        []byte
	values      url.Values // of the Query protocol, and of a URL's query
	s3          *s3In      // of S3's
	head        bool       // nothing but headers is wanted
}

// readRequest finds out what a request wants. Also on error the result knows
// the protocol to answer in.
func readRequest(r *http.Request) (request, error) {
	q := request{contentType: "application/x-amz-json-1.1", values: r.URL.Query()}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case forS3(r):
		q.protocol = protocolS3
		return q, q.routeS3(r)
	case strings.HasPrefix(r.URL.Path, "/service/"):
		q.protocol = protocolCBOR
	case strings.HasPrefix(r.URL.Path, functionsPath):
		q.protocol, q.contentType = protocolREST, "application/json"
		return q, q.routeREST(r)
	case r.Header.Get("X-Amz-Target") == "":
		q.protocol = protocolQuery
	case media == "application/x-amz-json-1.0":
		q.contentType = media
	}
	body, err := readBody(r)
	if err != nil {
		return q, err
	}
	q.body = body
	switch q.protocol {
	case protocolCBOR:
		return q, q.routeCBOR(r.URL.Path)
	case protocolQuery:
		return q, q.routeQuery(media)
	}
	prefix, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return q, q.route(operation, func(s serviceOf) bool { return s.target == prefix })
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" { // the SDK compresses large PutMetricData
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, refuse("SerializationException", "%v", err)
		}
		body = z
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return nil, refuse("SerializationException", "reading the request: %v", err)
	}
	if len(raw) > maxBody {
		return nil, &apiError{Code: "RequestEntityTooLarge", Message: fmt.Sprintf("the request is larger than %d bytes", maxBody), Status: http.StatusRequestEntityTooLarge}
	}
	return raw, nil
}

// routeCBOR reads /service/NAME/operation/NAME.
func (q *request) routeCBOR(path string) error {
	steps := strings.Split(strings.Trim(path, "/"), "/")
	if len(steps) != 4 || steps[2] != "operation" {
		return q.unknown()
	}
	return q.route(steps[3], func(s serviceOf) bool { return s.target == steps[1] })
}

// functionsPath is where Lambda's API of functions begins.
const functionsPath = "/2015-03-31/functions/"

// routeREST reads GET /2015-03-31/functions/NAME/configuration.
func (q *request) routeREST(r *http.Request) error {
	name, isConfiguration := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, functionsPath), "/configuration")
	if !isConfiguration || r.Method != http.MethodGet || name == "" {
		return q.unknown()
	}
	q.values.Set("FunctionName", name)
	return q.route("GetFunctionConfiguration", func(s serviceOf) bool { return s.key == "lambda" })
}

func (q *request) routeQuery(media string) error {
	if media == "application/x-www-form-urlencoded" || media == "" {
		form, err := url.ParseQuery(string(q.body))
		if err != nil {
			return refuse("MalformedQueryString", "%v", err)
		}
		for k, v := range form {
			q.values[k] = append(q.values[k], v...)
		}
	}
	action, version := q.values.Get("Action"), q.values.Get("Version")
	if action == "" {
		return refuse("MissingAction", "The request must contain the parameter Action")
	}
	return q.route(action, func(s serviceOf) bool { return s.version == version && version != "" })
}

func (q *request) route(operation string, is func(serviceOf) bool) error {
	q.operation = operation
	for _, s := range services {
		if is(s) {
			q.service = s
			return nil
		}
	}
	return q.unknown()
}

// unknown is the error for an operation that the sandbox does not have.
func (q *request) unknown() error {
	if q.protocol == protocolQuery {
		return refuse("InvalidAction", "Could not find operation %s for version %s", q.operation, q.values.Get("Version"))
	}
	e := &apiError{Code: "UnknownOperationException", Message: "unknown operation " + q.operation, Status: http.StatusBadRequest}
	if q.protocol == protocolCBOR {
		e.Status = http.StatusNotFound
	}
	return e
}

func (q *request) codec() wire.Codec {
	return wire.Codec{Names: q.service.names, Registry: registry()}
}

func (q *request) decode(in any) error {
	var err error
	switch q.protocol {
	case protocolS3:
		*in.(*s3In) = *q.s3
	case protocolCBOR:
		err = q.codec().DecodeCBOR(q.body, in)
	case protocolQuery, protocolREST:
		err = q.codec().DecodeQuery(q.values, in)
	default:
		err = q.codec().DecodeJSON(q.body, in)
	}
	var s *wire.SerializationError
	if errors.As(err, &s) {
		if q.protocol == protocolQuery {
			return refuse("MalformedInput", "%s", s.Error())
		}
		return refuse("SerializationException", "%s", s.Error())
	}
	return err
}

func (q *request) succeed(id string, out any) answer {
	if o, ok := out.(*s3Out); ok {
		return q.s3Succeed(id, o)
	}
	a := answer{status: http.StatusOK, header: q.headers(id)}
	var err error
	switch q.protocol {
	case protocolCBOR:
		a.body, err = q.codec().EncodeCBOR(out)
	case protocolQuery:
		if q.service.key == "ec2" {
			a.body, err = ec2XML(q.operation, q.service.namespace, id, out)
			break
		}
		a.body, err = q.codec().EncodeXML(q.operation, q.service.namespace, id, out)
	default:
		a.body, err = q.codec().EncodeJSON(out)
	}
	if err != nil {
		return q.fail(id, internalFailure(err.Error()))
	}
	return a
}

// fail answers an error in the request's protocol.
func (q *request) fail(id string, err error) answer {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	if q.protocol == protocolS3 {
		return q.s3Fail(id, e)
	}
	w := wireError(q.service, e)
	a := answer{status: w.Status, header: q.headers(id)}
	switch q.protocol {
	case protocolCBOR:
		a.body = w.CBOR()
	case protocolQuery:
		if q.service.key == "ec2" {
			a.body = ec2Error(w, id)
			break
		}
		a.body = w.XML(q.service.namespace, id)
	default:
		a.body = w.JSON()
		a.header.Set("X-Amzn-Errortype", w.Type)
	}
	if q.service.version != "" && q.protocol != protocolQuery {
		a.header.Set("X-Amzn-Query-Error", w.QueryHeader())
	}
	return a
}

func (q *request) headers(id string) http.Header {
	h := http.Header{}
	switch q.protocol {
	case protocolS3:
		h.Set("X-Amz-Request-Id", strings.ToUpper(strings.ReplaceAll(id, "-", ""))[:16])
		h.Set("X-Amz-Id-2", digest("host "+id))
		h.Set("Server", "AmazonS3")
		return h
	case protocolCBOR:
		h.Set("Content-Type", "application/cbor")
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
	case protocolQuery:
		h.Set("Content-Type", "text/xml")
	default:
		h.Set("Content-Type", q.contentType)
	}
	h.Set("X-Amzn-Requestid", id)
	return h
}

// cloudWatchErrors are the codes that CloudWatch's Query protocol has beside
// the names of the shapes, with the HTTP status of both.
// Source: awsQueryError traits of the service's model (botocore, service-2.json
// of cloudwatch: "error": {"code", "httpStatusCode"}).
var cloudWatchErrors = []struct {
	shape, code string
	status      int
}{
	{"DashboardInvalidInputError", "InvalidParameterInput", 400},
	{"DashboardNotFoundError", "ResourceNotFound", 404},
	{"InternalServiceFault", "InternalServiceError", 500},
	{"InvalidFormatFault", "InvalidFormat", 400},
	{"InvalidNextToken", "InvalidNextToken", 400},
	{"InvalidParameterCombinationException", "InvalidParameterCombination", 400},
	{"InvalidParameterValueException", "InvalidParameterValue", 400},
	{"LimitExceededException", "LimitExceededException", 400},
	{"LimitExceededFault", "LimitExceeded", 400},
	{"MissingRequiredParameterException", "MissingParameter", 400},
	{"ResourceNotFound", "ResourceNotFound", 404},
	{"ResourceNotFoundException", "ResourceNotFoundException", 404},
	{"ConcurrentModificationException", "ConcurrentModificationException", 429},
	{"ConflictException", "ConflictException", 409},
}

// wireError gives an error the names that its service uses. Operations may name
// a CloudWatch error by its shape or by its Query code.
func wireError(s serviceOf, e *apiError) wire.Error {
	w := wire.Error{Type: e.Code, Code: e.Code, Message: e.Message, Status: e.Status}
	if w.Status == 0 {
		w.Status = http.StatusBadRequest
	}
	if s.key == "sqs" && w.Type == "QueueDoesNotExist" {
		w.Code = "AWS.SimpleQueueService.NonExistentQueue" // awsQueryError of the model
	}
	if s.key != "monitoring" {
		return w
	}
	for _, byShape := range []bool{true, false} {
		for _, c := range cloudWatchErrors {
			if (byShape && c.shape == e.Code) || (!byShape && c.code == e.Code && c.shape != "DashboardNotFoundError") {
				w.Type, w.Code = c.shape, c.code
				if e.Status == 0 || e.Status == http.StatusBadRequest {
					w.Status = c.status
				}
				return w
			}
		}
	}
	return w
}
