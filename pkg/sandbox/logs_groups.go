package sandbox

import (
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func logsGroupOperations() []operation {
	return []operation{
		op("logs", "DescribeLogGroups", false, describeLogGroups),
	}
}

// describeLogGroups: every group is there under its name, but for those whose name
// says otherwise. Without a prefix there is no list of what nobody made.
func describeLogGroups(c *call, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	out := &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []logstypes.LogGroup{}}
	names := []string{aws.ToString(in.LogGroupNamePrefix)}
	for _, id := range in.LogGroupIdentifiers {
		if _, name, ok := strings.Cut(id, ":log-group:"); ok {
			id = strings.TrimSuffix(name, ":*")
		}
		names = append(names, id)
	}
	for _, name := range names {
		arn := "arn:aws:logs:" + Region + ":" + Account + ":log-group:" + name
		switch {
		case isDenied(name):
			return nil, notAuthorized("AccessDeniedException", http.StatusBadRequest, "logs:DescribeLogGroups", arn)
		case name == "" || isMissing(name):
			continue
		}
		out.LogGroups = append(out.LogGroups, logstypes.LogGroup{
			LogGroupName: aws.String(name), Arn: aws.String(arn + ":*"), LogGroupArn: aws.String(arn),
			CreationTime: aws.Int64(c.w.Clock.Add(-24 * time.Hour).UnixMilli()), StoredBytes: aws.Int64(0), LogGroupClass: logstypes.LogGroupClassStandard,
		})
	}
	return out, nil
}
