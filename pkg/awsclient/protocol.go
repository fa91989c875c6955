package awsclient

import (
	"fmt"

	cloudwatchschemas "github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"github.com/aws/smithy-go/transport/http/protocol/rpcv2"
)

// cloudWatchProtocol is the wire protocol by name. The SDK speaks CBOR; not
// every third-party emulator does, so JSON and Query can be chosen.
func cloudWatchProtocol(name string) (smithyhttp.ClientProtocol, error) {
	service := cloudwatchschemas.GraniteServiceVersion20100801
	switch name {
	case "", "cbor":
		return rpcv2.NewCBOR(service), nil
	case "json":
		return awsjson.New10(service), nil
	case "query":
		return awsquery.New(service), nil
	}
	return nil, fmt.Errorf("CloudWatch protocol %q: it is cbor, json or query", name)
}
