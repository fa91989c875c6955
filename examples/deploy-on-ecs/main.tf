# ecs-operator as a Fargate task: one service that keeps Amazon ECS as a git
# repository declares it. The same as template.yaml.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.name
  tags = {
    "ecs-operator:owner" = var.owner
    "ecs-operator:unit"  = "${var.cluster}/${var.name}"
  }
  environment = merge(
    {
      ECS_OPERATOR_DEFAULT_CLUSTER = var.cluster
      ECS_OPERATOR_GIT             = var.repository
      ECS_OPERATOR_LOG_FORMAT      = "json"
      ECS_OPERATOR_OWNER           = var.owner
      ECS_OPERATOR_PATH            = var.document_path
      ECS_OPERATOR_REF             = var.ref
      GOMEMLIMIT                   = "320MiB" # the rest is for git
    },
    var.scope == "" ? {} : { ECS_OPERATOR_SCOPE = var.scope },
    var.targets == "" ? {} : { ECS_OPERATOR_TARGETS = var.targets },
    var.events ? { ECS_OPERATOR_EVENTS_QUEUE = aws_sqs_queue.events[0].url } : {},
    local.webhook ? { ECS_OPERATOR_WEBHOOK_LISTEN = "0.0.0.0:8081" } : {},
    var.git_known_hosts == "" ? {} : { ECS_OPERATOR_GIT_KNOWN_HOSTS = var.git_known_hosts },
  )
  secrets = merge(
    var.git_token_secret_arn == "" ? {} : { ECS_OPERATOR_GIT_TOKEN = var.git_token_secret_arn },
    var.git_ssh_key_secret_arn == "" ? {} : { ECS_OPERATOR_GIT_SSH_KEY = var.git_ssh_key_secret_arn },
    local.webhook ? { ECS_OPERATOR_WEBHOOK_SECRET = var.webhook_secret_arn } : {},
  )
  webhook = var.webhook_secret_arn != ""
}

resource "aws_cloudwatch_log_group" "operator" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_in_days
}

# Nothing calls it, and it calls AWS and the repository.
resource "aws_security_group" "operator" {
  name_prefix = "${var.name}-"
  description = "ecs-operator - out only"
  vpc_id      = var.vpc_id

  egress {
    description = "AWS and git by https"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    description = "git by ssh"
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ecs_task_definition" "operator" {
  family                   = "${var.cluster}-${var.name}"
  cpu                      = "256"
  memory                   = "512"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  tags                     = local.tags

  runtime_platform {
    cpu_architecture        = var.cpu_architecture
    operating_system_family = "LINUX"
  }

  # Fargate has no tmpfs. A volume of the task that is mounted at a VOLUME of the
  # image has the owner that the image gives it.
  volume {
    name = "cache"
  }

  container_definitions = jsonencode([{
    name                   = "operator"
    image                  = var.image
    essential              = true
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    mountPoints            = [{ sourceVolume = "cache", containerPath = "/var/cache/ecs-operator", readOnly = false }]
    environment            = [for name, value in local.environment : { name = name, value = value }]
    secrets                = [for name, arn in local.secrets : { name = name, valueFrom = arn }]
    portMappings           = local.webhook ? [{ containerPort = 8081, protocol = "tcp" }] : []
    # ECS does not read the image's HEALTHCHECK. CMD, because there is no shell.
    healthCheck = {
      command     = ["CMD", "/ecs-operator", "healthcheck"]
      interval    = 15
      timeout     = 5
      retries     = 3
      startPeriod = 60
    }
    stopTimeout = 60
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.operator.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "operator"
      }
    }
  }])
}

resource "aws_ecs_service" "operator" {
  name            = var.name
  cluster         = var.cluster
  task_definition = aws_ecs_task_definition.operator.arn
  launch_type     = "FARGATE"
  desired_count   = 1
  tags            = local.tags

  # Never two at once. Rebalancing needs room above 100 %.
  availability_zone_rebalancing      = "DISABLED"
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 0

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  health_check_grace_period_seconds = local.webhook ? 60 : null

  dynamic "load_balancer" {
    for_each = aws_lb_target_group.webhook

    content {
      target_group_arn = load_balancer.value.arn
      container_name   = "operator"
      container_port   = 8081
    }
  }

  depends_on = [aws_lb_listener_rule.webhook]

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.operator.id]
    assign_public_ip = var.assign_public_ip
  }

  # It may update itself from its own document from then on.
  lifecycle {
    ignore_changes = [task_definition]
  }
}

output "task_role_arn" {
  description = "Whom roles in other accounts have to trust"
  value       = aws_iam_role.task.arn
}
