package kinds_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// network decides what the rest follows.
func (p *parts) network() {
	p.fargate = p.coin("fargate")
	p.mode = "awsvpc"
	if !p.fargate {
		p.mode = rapid.SampledFrom([]string{"", "bridge", "host", "awsvpc"}).Draw(p.t, "network mode")
	}
}

func (p *parts) taskDefinition() {
	p.td = p.body(resource.KindTaskDefinition)
	if p.mode != "" {
		p.td["networkMode"] = p.mode
	}
	p.td["executionRoleArn"] = anyRole
	if p.fargate {
		size := rapid.SampledFrom([][2]string{{"256", "512"}, {".5 vCPU", "1GB"}, {"1024", "2 GB"}, {"4096", "8192"}}).Draw(p.t, "size")
		p.td["cpu"], p.td["memory"], p.td["requiresCompatibilities"] = size[0], size[1], []any{"FARGATE"}
		drop(p.td, "ipcMode")
		if p.td["pidMode"] != nil {
			p.td["pidMode"] = "task"
		}
	} else {
		p.td["requiresCompatibilities"] = []any{"EC2"}
		drop(p.td, "ephemeralStorage", "proxyConfiguration")
		if p.coin("placement of the task definition") {
			p.td["placementConstraints"] = []any{map[string]any{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}}
		}
	}
	p.volumes()
	containers := list(p.td, "containerDefinitions")
	for i, c := range containers {
		p.container(c, containers[:i])
	}
	containers[0]["essential"] = true
	if proxy := dig(p.td, "proxyConfiguration"); proxy != nil {
		proxy["containerName"] = containers[0]["name"]
	}
}

// volumes draws each volume as one sort; "scratch" is what mount points name.
func (p *parts) volumes() {
	volumes := []any{map[string]any{"name": "scratch"}}
	if p.coin("efs") {
		efs := map[string]any{"fileSystemId": "fs-1"}
		if p.coin("efs in full") {
			efs = map[string]any{"fileSystemId": "fs-1", "rootDirectory": "/data", "transitEncryption": "ENABLED", "transitEncryptionPort": 2049,
				"authorizationConfig": map[string]any{"accessPointId": "fsap-1", "iam": "ENABLED"}}
		}
		volumes = append(volumes, map[string]any{"name": "efs", "efsVolumeConfiguration": efs})
	}
	if !p.fargate && p.coin("docker volume") {
		volumes = append(volumes, map[string]any{"name": "docker", "dockerVolumeConfiguration": map[string]any{
			"scope": "shared", "autoprovision": p.coin("autoprovision"), "driver": "local", "driverOpts": map[string]any{"a": "b"}, "labels": map[string]any{"c.d": "e"}}})
	}
	if !p.fargate && p.coin("host volume") {
		volumes = append(volumes, map[string]any{"name": "host", "host": map[string]any{"sourcePath": "/srv"}})
	}
	if p.coin("s3 files") {
		volumes = append(volumes, map[string]any{"name": "s3", "s3filesVolumeConfiguration": map[string]any{
			"fileSystemArn": "arn:aws:s3files:us-east-1:123456789012:file-system/fs-1", "rootDirectory": "/data", "transitEncryptionPort": 2049,
			"accessPointArn": "arn:aws:s3files:us-east-1:123456789012:file-system/fs-1/access-point/fsap-1"}})
	}
	if p.coin("ebs") {
		volumes = append(volumes, map[string]any{"name": "ebs", "configuredAtLaunch": true})
	}
	if p.coin("volumes upside down") {
		slices.Reverse(volumes)
	}
	p.td["volumes"] = volumes
}

func (p *parts) container(c map[string]any, before []map[string]any) {
	name := c["name"].(string)
	if len(before) > 0 {
		first := before[0]["name"]
		if p.coin(name + " depends") {
			c["dependsOn"] = []any{map[string]any{"containerName": first, "condition": "START"}}
		}
		if p.coin(name + " volumes from") {
			c["volumesFrom"] = []any{map[string]any{"sourceContainer": first, "readOnly": p.coin(name + " read only")}}
		}
		if p.mode == "bridge" && p.coin(name+" links") {
			c["links"] = []any{first}
		}
	}
	if r, m := c["memoryReservation"], c["memory"]; r != nil && r.(int) > m.(int) {
		c["memoryReservation"] = m
	}
	if p.fargate {
		drop(c, "privileged", "extraHosts", "dockerSecurityOptions", "disableNetworking", "dnsSearchDomains", "dnsServers", "resourceRequirements", "links", "hostname", "systemControls")
		if l := dig(c, "linuxParameters"); l != nil {
			drop(l, "devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness")
			if caps := dig(c, "linuxParameters.capabilities"); caps != nil {
				c["linuxParameters"] = map[string]any{"capabilities": map[string]any{"add": []any{"SYS_PTRACE"}}}
			}
		}
	}
	if p.mode == "awsvpc" || p.mode == "host" {
		drop(c, "hostname", "links")
	}
	if l := dig(c, "logConfiguration"); l != nil {
		l["logDriver"], l["options"] = "awslogs", map[string]any{"awslogs-group": "/ecs/any", "awslogs-region": "us-east-1", "awslogs-stream-prefix": name}
		drop(l, "secretOptions")
		if p.coin(name + " splunk") {
			l["logDriver"], l["options"] = "splunk", map[string]any{"splunk-url": "https://example.com"}
			l["secretOptions"] = []any{map[string]any{"name": "splunk-token", "valueFrom": fmt.Sprintf(anySecret, 1)}}
		}
	}
	for _, m := range list(c, "portMappings") {
		number := 8000 + m["containerPort"].(int)
		m["containerPort"] = number
		switch {
		case p.mode == "bridge" && p.coin("port range"):
			drop(m, "containerPort", "appProtocol", "name")
			m["containerPortRange"] = fmt.Sprintf("%d-%d", number, number)
			continue
		case p.mode == "awsvpc" || p.mode == "host":
			if p.coin("host port") {
				m["hostPort"] = number
			}
		case p.coin("host port"):
			m["hostPort"] = rapid.SampledFrom([]int{0, number + 1000}).Draw(p.t, "which")
		}
		if m["protocol"] == "udp" {
			drop(m, "appProtocol")
		} else if n, ok := m["name"].(string); ok {
			p.ports = append(p.ports, port{name, n, number})
		} else {
			p.ports = append(p.ports, port{container: name, number: number})
		}
	}
}

func (p *parts) service() {
	s := p.body(resource.KindService)
	p.svc = s
	p.launch(s)
	if p.mode == "awsvpc" {
		vpc := map[string]any{"subnets": rapid.Permutation([]any{"subnet-0sandboxa", "subnet-0sandboxb"}).Draw(p.t, "subnets")}
		if p.coin("security groups") {
			vpc["securityGroups"] = []any{"sg-0sandbox"}
		}
		if p.fargate && p.coin("public") {
			vpc["assignPublicIp"] = rapid.SampledFrom([]any{"ENABLED", "DISABLED"}).Draw(p.t, "assignPublicIp")
		}
		s["networkConfiguration"] = map[string]any{"awsvpcConfiguration": vpc}
	}
	if len(p.groups) > 0 {
		to := rapid.SampledFrom(p.ports).Draw(p.t, "balanced port")
		s["loadBalancers"] = []any{map[string]any{"targetGroupArn": "$(targetGroups.main.arn)", "containerName": to.container, "containerPort": to.number}}
		if p.coin("grace") {
			s["healthCheckGracePeriodSeconds"] = 30
		}
	}
	named := slices.DeleteFunc(slices.Clone(p.ports), func(p port) bool { return p.name == "" })
	connected := len(named) > 0 && dig(s, "serviceConnectConfiguration") != nil
	p.shift(s, connected)
	if len(named) > 0 {
		p.connect(s, named[0])
	}
	if config := dig(s, "deploymentConfiguration"); config != nil && len(p.alarms) > 0 && p.coin("deployment alarms") {
		names := []any{}
		for name := range p.alarms {
			names = append(names, "$(alarms."+name+".name)")
		}
		slices.SortFunc(names, func(a, b any) int { return len(a.(string)) - len(b.(string)) })
		config["alarms"] = map[string]any{"alarmNames": names[:1], "enable": true, "rollback": p.coin("alarm rollback")}
	}
	for _, v := range p.td["volumes"].([]any) {
		if v := v.(map[string]any); v["configuredAtLaunch"] == true {
			ebs := map[string]any{"roleArn": anyRole, "sizeInGiB": 10}
			if p.coin("ebs in full") {
				ebs = map[string]any{"roleArn": anyRole, "sizeInGiB": 20, "encrypted": true, "filesystemType": "ext4", "iops": 3000, "throughput": 125, "volumeType": "gp3", "snapshotId": "snap-1", "kmsKeyId": "alias/any", "volumeInitializationRate": 100,
					"tagSpecifications": []any{map[string]any{"resourceType": "volume", "propagateTags": "SERVICE", "tags": []any{map[string]any{"key": "b", "value": "1"}, map[string]any{"key": "a", "value": "2"}}}}}
			}
			s["volumeConfigurations"] = []any{map[string]any{"name": v["name"], "managedEBSVolume": ebs}}
		}
	}
}

func (p *parts) launch(s map[string]any) {
	switch {
	case p.fargate && p.coin("launch type"):
		s["launchType"] = "FARGATE"
		if p.coin("platform") {
			s["platformVersion"] = rapid.SampledFrom([]any{"LATEST", "1.4.0"}).Draw(p.t, "platformVersion")
		}
	case p.fargate:
		s["capacityProviderStrategy"] = rapid.Permutation([]any{map[string]any{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, map[string]any{"capacityProvider": "FARGATE_SPOT", "weight": 3}}).Draw(p.t, "strategy")
	default:
		s["launchType"] = "EC2"
		drop(s, "platformVersion")
		if p.coin("placement") {
			s["placementStrategy"] = []any{map[string]any{"type": "spread", "field": "attribute:ecs.availability-zone"}, map[string]any{"type": "binpack", "field": "MEMORY"}}
			s["placementConstraints"] = []any{map[string]any{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}, map[string]any{"type": "distinctInstance"}}
			drop(s, "availabilityZoneRebalancing")
		}
	}
}

// connect draws what needs a port with a name.
func (p *parts) connect(s map[string]any, to port) {
	if c := dig(s, "serviceConnectConfiguration"); c != nil {
		c["enabled"] = true
		if l := dig(c, "logConfiguration"); l != nil {
			l["logDriver"] = "awslogs"
			drop(l, "secretOptions")
		}
		one := map[string]any{"portName": to.name}
		if p.coin("connect in full") {
			one = map[string]any{"portName": to.name, "discoveryName": "any", "ingressPortOverride": 9999, "timeout": map[string]any{"idleTimeoutSeconds": 60, "perRequestTimeoutSeconds": 5},
				"clientAliases": []any{map[string]any{"port": 80, "dnsName": "b"}, map[string]any{"port": 80, "dnsName": "a"}},
				"tls":           map[string]any{"issuerCertificateAuthority": map[string]any{"awsPcaAuthorityArn": "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/x"}, "roleArn": anyRole, "kmsKey": "k"}}
		}
		if aliases := list(one, "clientAliases"); len(aliases) > 0 && p.coin("test traffic") {
			aliases[0]["testTrafficRules"] = p.oneOf("test traffic rules", `{"header": {"name": "X-Test"}}`, `{"header": {"name": "X-Test", "value": {"exact": "yes"}}}`)
		}
		c["services"] = []any{one}
	}
	if p.coin("lattice") {
		one := map[string]any{"portName": to.name, "roleArn": anyRole, "targetGroupArn": "arn:aws:vpc-lattice:us-east-1:123456789012:targetgroup/tg-1"}
		if p.coin("lattice pair") {
			one["advancedConfiguration"] = p.oneOf("lattice advanced",
				`{"alternateTargetGroupArn": "arn:aws:vpc-lattice:us-east-1:123456789012:targetgroup/tg-2", "productionListenerRule": "arn:aws:vpc-lattice:us-east-1:123456789012:service/svc-1/listener/l-1/rule/r-1"}`,
				`{"alternateTargetGroupArn": "arn:aws:vpc-lattice:us-east-1:123456789012:targetgroup/tg-2", "productionListenerRule": "arn:aws:vpc-lattice:us-east-1:123456789012:service/svc-1/listener/l-1/rule/r-1",
					"testListenerRule": "arn:aws:vpc-lattice:us-east-1:123456789012:service/svc-1/listener/l-1/rule/r-2"}`)
		}
		s["vpcLatticeConfigurations"] = []any{one}
	}
	if p.coin("gateway") {
		g := map[string]any{"portName": to.name}
		if p.coin("gateway in full") {
			g["filters"] = map[string]any{"accessTypes": []any{"PUBLIC", "PRIVATE"}}
			g["healthCheck"] = map[string]any{"healthCheckPath": "/healthz", "healthCheckIntervalSeconds": 10, "healthyThresholdCount": 3,
				"healthCheckPort": 8080, "healthCheckProtocol": "HTTP", "healthCheckTimeoutSeconds": 5, "unhealthyThresholdCount": 4, "matcher": map[string]any{"httpCode": "200", "grpcCode": "0"}}
		}
		s["gatewayConnectors"] = []any{g}
	}
}
