package importer

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// task makes the task definition, and what must stand behind its containers.
func (c *copilotService) task(m manifest) (task, extra spec.Map) {
	number := func(key, otherwise string) string {
		if v := m.get(key); v.Sort == spec.Scalar {
			return v.Text()
		}
		return otherwise
	}
	task = spec.Map{
		{Key: "cpu", Value: number("cpu", "256")}, {Key: "memory", Value: number("memory", "512")},
		{Key: "networkMode", Value: "awsvpc"}, {Key: "requiresCompatibilities", Value: []any{"FARGATE"}},
	}
	if p := c.platform(m.get("platform")); p != nil {
		task = task.With("runtimePlatform", p)
	}
	task = task.With("executionRoleArn", c.owned("executionRole", "the ARN of the task execution role", m.Tree)).
		With("taskRoleArn", c.owned("taskRole", "the ARN of the task role", m.Tree))
	storage := m.get("storage")
	if e := storage.get("ephemeral"); e.Sort == spec.Scalar {
		task = task.With("ephemeralStorage", spec.Map{{Key: "sizeInGiB", Value: e.Scalar}})
	}
	mounts, volumes := c.volumes(storage.get("volumes"))
	containers := []any{c.mainContainer(m, mounts)}
	for _, s := range m.get("sidecars").Map {
		containers = append(containers, c.sidecar(s.Key, m.get("sidecars").get(s.Key), m))
	}
	if router := c.logRouter(m.get("logging")); router != nil {
		containers = append(containers, router)
	}
	task = task.With("containerDefinitions", containers)
	if len(volumes) > 0 {
		extra = extra.With("volumes", volumes)
	}
	return task, extra
}

// platform reads "linux/arm64", or the two keys of it.
func (c *copilotService) platform(m manifest) any {
	family, arch, _ := strings.Cut(m.Text(), "/")
	if m.Sort == spec.Mapping {
		family, arch = m.get("osfamily").Text(), m.get("architecture").Text()
	}
	out := spec.Map{}
	switch strings.ToLower(arch) {
	case "arm64", "arm":
		out = out.With("cpuArchitecture", "ARM64")
	case "", "x86_64", "amd64":
	default:
		c.once(m.key, "%s: %s is not converted", m.path, m.Tree)
	}
	switch family = strings.ToLower(family); family {
	case "", "linux":
	case "windows":
		out = append(spec.Map{{Key: "cpuArchitecture", Value: "X86_64"}}, out...).With("operatingSystemFamily", "WINDOWS_SERVER_2019_CORE")
	default:
		out = append(spec.Map{{Key: "cpuArchitecture", Value: "X86_64"}}, out...).With("operatingSystemFamily", strings.ToUpper(family))
	}
	return filled(out)
}

// image is what a container runs: a location, else a variable.
func (c *copilotService) image(m manifest, name string) string {
	if location := m.get("location"); location.Sort == spec.Scalar {
		m.all("build")
		return location.Text()
	}
	build := m.all("build")
	where := m.Tree
	comment := "the image of " + name
	if build.written() {
		where = build.Tree
		comment += ", which Copilot built"
		if file := cmp.Or(build.Text(), build.Tree.Get("dockerfile").Text()); file != "" {
			comment += " of " + file
		}
	}
	return c.vars.add("the image of "+c.name+"/"+name, strings.ReplaceAll(name, "-", "_")+"_image", nil, comment, where).String()
}

func (c *copilotService) mainContainer(m manifest, mounts []any) spec.Map {
	image := m.get("image")
	out := spec.Map{{Key: "name", Value: c.name}, {Key: "image", Value: c.image(image, c.name)}}
	ports := []any{}
	if port := image.get("port"); port.Sort == spec.Scalar && c.kind != "Worker Service" {
		ports = append(ports, portMapping(port.Text(), "target"))
	}
	for _, r := range m.Tree.Get("http").Get("additional_rules").List {
		if port := r.Get("target_port").Text(); port != "" && r.Get("target_container").Sort == spec.Null && port != image.Text() && c.ownPort(m, port) {
			ports = appendPort(ports, portMapping(port, ""))
		}
	}
	if len(ports) > 0 {
		out = out.With("portMappings", ports)
	}
	out = append(out, c.process(m)...)
	out = append(out, c.environment(m)...)
	out = append(out, c.shared(image)...)
	if len(mounts) > 0 {
		out = out.With("mountPoints", mounts)
	}
	if fs := m.get("storage").get("readonly_fs"); fs.Text() == "true" {
		out = out.With("readonlyRootFilesystem", true)
	}
	return append(out, c.logs(m)...)
}

// ownPort reports whether no sidecar listens on the port.
func (c *copilotService) ownPort(m manifest, port string) bool {
	for _, s := range m.Tree.Get("sidecars").Map {
		if p, _, _ := strings.Cut(s.Value.Get("port").Text(), "/"); p == port {
			return false
		}
	}
	return true
}

func appendPort(ports []any, p spec.Map) []any {
	for _, have := range ports {
		if at(have.(spec.Map), "containerPort") == at(p, "containerPort") {
			return ports
		}
	}
	return append(ports, p)
}

// portMapping reads 8080 or 8080/udp.
func portMapping(port, name string) spec.Map {
	number, protocol, _ := strings.Cut(port, "/")
	out := spec.Map{}
	if name != "" {
		out = out.With("name", name)
	}
	out = out.With("containerPort", numberOr(number))
	if protocol != "" && protocol != "tcp" {
		out = out.With("protocol", protocol)
	}
	return out
}

// numberOr is a number where the text is one.
func numberOr(text string) any {
	if text != "" && isNumber(text) {
		return json.Number(text)
	}
	return text
}

// process are entrypoint and command.
func (c *copilotService) process(m manifest) spec.Map {
	var out spec.Map
	for _, key := range []struct{ from, to string }{{"entrypoint", "entryPoint"}, {"command", "command"}} {
		v := m.get(key.from)
		switch {
		case v.Sort == spec.List:
			out = out.With(key.to, anyOf(v.texts()))
		case v.Sort == spec.Scalar:
			words := strings.Fields(v.Text())
			if strings.ContainsAny(v.Text(), `"'\`) {
				c.tell(v.Tree.Problem(spec.Warning, "%s: quotes are not read: check the words, or write a list in the manifest", v.path))
			}
			out = out.With(key.to, anyOf(words))
		}
	}
	return out
}

// value is one value of variables or secrets: text, or a CloudFormation export.
func (c *copilotService) value(m manifest) (string, bool) {
	switch {
	case m.Sort == spec.Scalar:
		return m.Text(), true
	case m.get("from_cfn").Sort == spec.Scalar:
		export := m.get("from_cfn").Text()
		return c.vars.add("CloudFormation's export "+export, export, nil, "CloudFormation's export "+export, m.Tree).String(), true
	case m.get("secretsmanager").Sort == spec.Scalar:
		secret := m.get("secretsmanager").Text()
		name, rest, _ := strings.Cut(secret, ":") // NAME:KEY:STAGE:VERSION
		if rest != "" {
			rest = ":" + rest
		}
		return c.vars.add("the ARN of the secret "+name, name+"_arn", nil, "the ARN of the secret "+name, m.Tree).String() + rest, true
	}
	return "", false
}

// environment are the variables and secrets of a container.
func (c *copilotService) environment(m manifest) spec.Map {
	var out spec.Map
	for _, key := range []struct{ from, to string }{{"variables", "environment"}, {"secrets", "secrets"}} {
		from, pairs := m.get(key.from), spec.Map{}
		for _, e := range from.Map {
			v, ok := c.value(from.get(e.Key))
			if ok {
				pairs = pairs.With(e.Key, v)
			} else if e.Value.Sort != spec.Null {
				c.once(e.Value, "%s.%s: expected a text, found %s: it is left out", from.path, e.Key, e.Value)
			}
		}
		if len(pairs) > 0 {
			out = out.With(key.to, pairs)
		}
	}
	if file := m.all("env_file"); file.written() {
		c.once(file.key, "%s is not converted: Copilot copied the file to S3; write its content under environment, or an S3 ARN under environmentFiles", file.path)
	}
	return out
}

// shared is what the main container (under image) and sidecars have alike.
func (c *copilotService) shared(m manifest) spec.Map {
	var out spec.Map
	if h := m.get("healthcheck"); h.written() {
		check := spec.Map{}
		if command := h.get("command"); command.Sort == spec.Scalar {
			check = check.With("command", []any{"CMD-SHELL", command.Text()})
		} else if command.Sort == spec.List {
			check = check.With("command", anyOf(command.texts()))
		}
		for _, k := range []struct {
			from, to  string
			otherwise any
		}{{"interval", "interval", 10}, {"timeout", "timeout", 5}, {"retries", "retries", 2}, {"start_period", "startPeriod", nil}} {
			v := c.seconds(h.get(k.from))
			if v == nil {
				v = k.otherwise // Copilot's own
			}
			if v != nil {
				check = check.With(k.to, v)
			}
		}
		if at(check, "command") != nil {
			out = out.With("healthCheck", check)
		}
	}
	if deps := m.all("depends_on"); len(deps.Map) > 0 {
		var list []any
		for _, d := range deps.Map {
			list = append(list, spec.Map{{Key: "containerName", Value: d.Key}, {Key: "condition", Value: strings.ToUpper(d.Value.Text())}})
		}
		out = out.With("dependsOn", list)
	}
	if labels := m.all("labels"); len(labels.Map) > 0 {
		out = out.With("dockerLabels", plainTexts(labels.Tree))
	}
	for _, key := range []string{"credentials", "credentialsParameter"} {
		if v := m.get(key); v.Sort == spec.Scalar {
			out = out.With("repositoryCredentials", spec.Map{{Key: "credentialsParameter", Value: v.Text()}})
		}
	}
	return out
}

func plainTexts(t spec.Tree) spec.Map {
	var out spec.Map
	for _, e := range t.Map {
		out = out.With(e.Key, e.Value.Text())
	}
	return out
}

// sidecar is one more container.
func (c *copilotService) sidecar(name string, m, root manifest) spec.Map {
	image := m.get("image")
	location := image.Text()
	if image.Sort != spec.Scalar {
		location = c.image(image, name)
	}
	out := spec.Map{{Key: "name", Value: name}, {Key: "image", Value: location}}
	ports := []any{}
	if port := m.get("port"); port.Sort == spec.Scalar {
		label := ""
		if root.Tree.Get("http").Get("target_container").Text() == name {
			label = "target-" + name
		}
		ports = append(ports, portMapping(port.Text(), label))
	}
	for _, r := range root.Tree.Get("http").Get("additional_rules").List {
		if port := r.Get("target_port").Text(); port != "" && r.Get("target_container").Text() == name {
			ports = appendPort(ports, portMapping(port, ""))
		}
	}
	if len(ports) > 0 {
		out = out.With("portMappings", ports)
	}
	if e := m.get("essential"); e.Text() == "false" {
		out = out.With("essential", false)
	}
	out = append(out, c.process(m)...)
	out = append(out, c.environment(m)...)
	out = append(out, c.shared(m)...)
	var mounts []any
	for _, point := range m.get("mount_points").items() {
		mount := spec.Map{{Key: "sourceVolume", Value: point.get("source_volume").Text()}, {Key: "containerPath", Value: point.get("path").Text()}}
		if point.get("read_only").Text() != "false" { // Copilot's default
			mount = mount.With("readOnly", true)
		}
		mounts = append(mounts, mount)
	}
	if len(mounts) > 0 {
		out = out.With("mountPoints", mounts)
	}
	return append(out, c.logs(root)...)
}

// volumes are those of the task, and where the main container has them.
func (c *copilotService) volumes(m manifest) (mounts, volumes []any) {
	for _, e := range m.Map {
		v := m.get(e.Key)
		volume := spec.Map{{Key: "name", Value: e.Key}}
		if path := v.get("path").Text(); path != "" {
			mount := spec.Map{{Key: "sourceVolume", Value: e.Key}, {Key: "containerPath", Value: path}}
			if v.get("read_only").Text() != "false" {
				mount = mount.With("readOnly", true)
			}
			mounts = append(mounts, mount)
		} else {
			v.get("read_only")
		}
		if efs := v.get("efs"); efs.written() && efs.Text() != "false" {
			volume = volume.With("efsVolumeConfiguration", c.efs(efs))
		}
		volumes = append(volumes, volume)
	}
	return mounts, volumes
}

func (c *copilotService) efs(m manifest) spec.Map {
	id, root, auth := m.Text(), "", spec.Map{}
	if m.Text() == "true" {
		id = ""
	}
	if m.Sort == spec.Mapping {
		id, _ = c.value(m.get("id"))
		root = m.get("root_directory").Text()
		a := m.get("auth")
		if point := a.get("access_point_id"); point.Sort == spec.Scalar {
			auth = auth.With("accessPointId", point.Text())
		}
		if a.get("iam").Text() == "true" {
			auth = auth.With("iam", "ENABLED")
		}
	}
	if id == "" { // Copilot makes the file system itself
		id = c.owned("fileSystem", "the EFS file system that Copilot made", m.Tree)
		c.once(m.Tree, "%s: Copilot owns the file system and an access point of it: keep the file system when the stack goes, and name both here", m.path)
		m.get("uid")
		m.get("gid")
	}
	out := spec.Map{{Key: "fileSystemId", Value: id}, {Key: "transitEncryption", Value: "ENABLED"}}
	if root != "" {
		out = out.With("rootDirectory", root)
	}
	if len(auth) > 0 {
		out = out.With("authorizationConfig", auth)
	}
	return out
}

// logs is where a container's output goes: CloudWatch as Copilot has it, or FireLens.
func (c *copilotService) logs(m manifest) spec.Map {
	logging := m.get("logging")
	if destination := logging.all("destination"); destination.written() {
		config := spec.Map{{Key: "logDriver", Value: "awsfirelens"}, {Key: "options", Value: plainTexts(destination.Tree)}}
		options := logging.get("secretOptions")
		var list []any
		for _, e := range options.Map {
			if v, ok := c.value(options.get(e.Key)); ok {
				list = append(list, spec.Map{{Key: "name", Value: e.Key}, {Key: "valueFrom", Value: v}})
			}
		}
		if len(list) > 0 {
			config = config.With("secretOptions", list)
		}
		return spec.Map{{Key: "logConfiguration", Value: config}}
	}
	return spec.Map{{Key: "logConfiguration", Value: c.cloudWatch(m.Tree)}}
}

func (c *copilotService) cloudWatch(where spec.Tree) spec.Map {
	return spec.Map{{Key: "logDriver", Value: "awslogs"}, {Key: "options", Value: spec.Map{
		{Key: "awslogs-group", Value: "/copilot/" + c.application(where) + "-$(env.name)-" + c.name},
		{Key: "awslogs-region", Value: c.owned("awsRegion", "the region of the environment", where)},
		{Key: "awslogs-stream-prefix", Value: "copilot"},
	}}}
}

// logRouter is the FireLens container that Copilot adds for logging.destination.
func (c *copilotService) logRouter(m manifest) any {
	if t := m.get("retention"); t.written() {
		c.once(t.key, "logging.retention is not converted: the log group belongs to another tool")
	}
	if m.Tree.Get("destination").Sort == spec.Null {
		return nil
	}
	image := cmp.Or(m.get("image").Text(), "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable")
	options := spec.Map{{Key: "enable-ecs-log-metadata", Value: strconv.FormatBool(m.get("enableMetadata").Text() != "false")}}
	if file := m.get("configFilePath"); file.Sort == spec.Scalar {
		options = options.With("config-file-type", "file").With("config-file-value", file.Text())
	}
	out := spec.Map{{Key: "name", Value: "firelens_log_router"}, {Key: "image", Value: image},
		{Key: "firelensConfiguration", Value: spec.Map{{Key: "type", Value: "fluentbit"}, {Key: "options", Value: options}}}}
	out = append(out, c.environment(m)...)
	return out.With("logConfiguration", c.cloudWatch(m.Tree))
}
