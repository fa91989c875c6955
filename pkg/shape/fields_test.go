package shape

import "testing"

func TestSpecName(t *testing.T) {
	for in, want := range map[string]string{
		"ContainerDefinitions": "containerDefinitions", "EnableECSManagedTags": "enableECSManagedTags",
		"OKActions": "okActions", "EC2InstanceId": "ec2InstanceId", "Cpu": "cpu", "ManagedEBSVolume": "managedEBSVolume",
		"S3filesVolumeConfiguration": "s3filesVolumeConfiguration", "SSLPolicy": "sslPolicy", "VpcId": "vpcId",
		"ARN": "arn", "Id": "id", "PromQLCriteria": "promQLCriteria", "AZ": "az", "ACMEKey": "acmeKey",
	} {
		if got := SpecName(in); got != want {
			t.Errorf("SpecName(%q) = %q, want %q", in, got, want)
		}
	}
}
