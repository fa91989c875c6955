package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strconv"
	"time"
)

// EncodeXML writes an SDK output as the answer of a Query operation.
func (c Codec) EncodeXML(operation, namespace, requestID string, out any) ([]byte, error) {
	tree, err := c.root(out)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<%sResponse xmlns=\"%s\">\n", operation, namespace)
	writeElement(&b, operation+"Result", tree)
	fmt.Fprintf(&b, "\n<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>\n</%sResponse>\n", requestID, operation)
	return b.Bytes(), nil
}

func writeElement(b *bytes.Buffer, name string, tree any) {
	b.WriteString("<" + name + ">")
	switch x := tree.(type) {
	case Object:
		for _, m := range x {
			writeElement(b, m.Name, m.Value)
		}
	case Map:
		for _, m := range x {
			b.WriteString("<entry>")
			writeElement(b, "key", m.Name)
			writeElement(b, "value", m.Value)
			b.WriteString("</entry>")
		}
	case []any:
		for _, item := range x {
			writeElement(b, "member", item)
		}
	default:
		_ = xml.EscapeText(b, []byte(scalarText(tree))) // a bytes.Buffer never fails
	}
	b.WriteString("</" + name + ">")
}

func scalarText(tree any) string {
	switch x := tree.(type) {
	case nil:
		return ""
	case string:
		return x
	case []byte:
		return base64.StdEncoding.EncodeToString(x)
	case time.Time:
		return x.UTC().Format("2006-01-02T15:04:05.000Z")
	case float64:
		return string(bytes.Trim(appendDouble(nil, x), `"`))
	case int64:
		return strconv.FormatInt(x, 10)
	}
	return fmt.Sprint(tree)
}
