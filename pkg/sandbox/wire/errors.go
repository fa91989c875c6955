package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"github.com/aws/smithy-go/encoding/cbor"
)

// Error is an AWS error on its way out.
type Error struct {
	Type    string // the shape's name: "ResourceNotFoundException"
	Code    string // what the Query protocol calls it: "ResourceNotFound"
	Message string
	Status  int // HTTP status
}

// Fault is the side that the Query protocol blames: "Sender" or "Receiver".
func (e Error) Fault() string {
	if e.Status >= 500 {
		return "Receiver"
	}
	return "Sender"
}

// QueryHeader is the value of X-Amzn-Query-Error, by which services that came
// from the Query protocol keep their old codes in a new one.
func (e Error) QueryHeader() string { return e.Code + ";" + e.Fault() }

// JSON is the body of an awsJson error.
func (e Error) JSON() []byte {
	return appendJSON(nil, Object{{"__type", e.Type}, {"message", e.Message}}, jsonTime)
}

// CBOR is the body of an rpc-v2-cbor error. Half of CloudWatch's errors call
// their text Message and half message, and clients go by the exact name.
func (e Error) CBOR() []byte {
	text := cbor.String(e.Message)
	return cbor.Encode(cbor.Map{"__type": cbor.String(e.Type), "message": text, "Message": text})
}

// XML is the body of a Query error.
func (e Error) XML(namespace, requestID string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<ErrorResponse xmlns=\"%s\">\n<Error><Type>%s</Type><Code>", namespace, e.Fault())
	_ = xml.EscapeText(&b, []byte(e.Code)) // a bytes.Buffer never fails
	b.WriteString("</Code><Message>")
	_ = xml.EscapeText(&b, []byte(e.Message))
	fmt.Fprintf(&b, "</Message></Error>\n<RequestId>%s</RequestId>\n</ErrorResponse>\n", requestID)
	return b.Bytes()
}
