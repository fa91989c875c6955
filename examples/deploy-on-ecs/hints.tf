# Ways to be told of a commit or a deployment at once, instead of asking for it.
# Only what is signed is taken, and it says no more than "look": but nothing other
# than /hook/ is led here, and the status page is not.
resource "aws_lb_target_group" "webhook" {
  count                = local.webhook ? 1 : 0
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = 8081
  deregistration_delay = 5

  health_check {
    port = "8080"
    path = "/healthz"
  }
}

resource "aws_lb_listener_rule" "webhook" {
  count        = local.webhook ? 1 : 0
  listener_arn = var.webhook_listener_arn
  priority     = var.webhook_priority

  condition {
    host_header {
      values = [var.webhook_host]
    }
  }

  condition {
    path_pattern {
      values = ["/hook/*"]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.webhook[0].arn
  }
}

resource "aws_vpc_security_group_ingress_rule" "webhook" {
  count                        = local.webhook ? 1 : 0
  security_group_id            = aws_security_group.operator.id
  referenced_security_group_id = var.load_balancer_security_group_id
  description                  = "webhooks and health of the load balancer"
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8081
}

# Hints: what they tell of is looked at at once. They may get lost, and be late.
resource "aws_sqs_queue" "events" {
  count                     = var.events ? 1 : 0
  name_prefix               = "${var.name}-"
  message_retention_seconds = 300
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_event_rule" "events" {
  count       = var.events ? 1 : 0
  name_prefix = "${var.name}-"
  event_pattern = jsonencode({
    source      = ["aws.ecs", "aws.codecommit"]
    detail-type = ["ECS Deployment State Change", "ECS Service Action", "CodeCommit Repository State Change"]
  })
}

resource "aws_cloudwatch_event_target" "events" {
  count = var.events ? 1 : 0
  rule  = aws_cloudwatch_event_rule.events[0].name
  arn   = aws_sqs_queue.events[0].arn
}

resource "aws_sqs_queue_policy" "events" {
  count     = var.events ? 1 : 0
  queue_url = aws_sqs_queue.events[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.events[0].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.events[0].arn } }
    }]
  })
}
