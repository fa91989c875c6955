# What the operator may do. Its own identity is that of the task.
data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "execution" {
  name_prefix        = "${var.name}-execution-"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "secrets" {
  count = length(local.secrets) > 0 ? 1 : 0
  name  = "secrets"
  role  = aws_iam_role.execution.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = values(local.secrets) }]
  })
}

resource "aws_iam_role" "task" {
  name_prefix        = "${var.name}-task-"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy" "read" {
  name   = "read"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy" "write" {
  name   = "write"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.write.json
}

data "aws_iam_policy_document" "read" {
  statement {
    sid = "Read"
    actions = [
      "application-autoscaling:DescribeScalableTargets",
      "application-autoscaling:DescribeScalingPolicies",
      "application-autoscaling:DescribeScheduledActions",
      "application-autoscaling:ListTagsForResource",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:ListTagsForResource",
      "ecs:DescribeServiceDeployments",
      "ecs:DescribeServiceRevisions",
      "ecs:DescribeServices",
      "ecs:DescribeTaskDefinition",
      "ecs:DescribeTasks",
      "ecs:ListClusters",
      "ecs:ListServiceDeployments",
      "ecs:ListServices",
      "ecs:ListTagsForResource",
      "ecs:ListTaskDefinitions",
      "ecs:ListTasks",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeRules",
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroupAttributes",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "tag:GetResources",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Verify"
    actions = [
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ecr:BatchGetImage",
      "ecr:DescribePullThroughCacheRules",
      "ecr:GetAuthorizationToken",
      "iam:GetRole",
      "lambda:GetFunctionConfiguration",
      "logs:DescribeLogGroups",
      "secretsmanager:DescribeSecret",
    ]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "write" {
  statement {
    sid = "CreateServices"
    actions = [
      "ecs:CreateService",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:service/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/ecs-operator:owner"
      values   = [var.owner]
    }

    condition {
      test     = "ArnLike"
      variable = "ecs:cluster"
      values   = var.managed_cluster_arns
    }
  }

  statement {
    sid = "ChangeServices"
    actions = [
      "ecs:UpdateService",
      "ecs:DeleteService",
      "ecs:StopServiceDeployment",
      "ecs:ContinueServiceDeployment",
      "ecs:RunTask",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:service/*",
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:task-definition/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/ecs-operator:owner"
      values   = [var.owner]
    }

    condition {
      test     = "ArnLike"
      variable = "ecs:cluster"
      values   = var.managed_cluster_arns
    }
  }

  statement {
    sid = "SteerDeployments"
    actions = [
      "ecs:StopServiceDeployment",
      "ecs:ContinueServiceDeployment",
      "ecs:StopTask",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:service-deployment/*",
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:task/*",
    ]

    condition {
      test     = "ArnLike"
      variable = "ecs:cluster"
      values   = var.managed_cluster_arns
    }
  }

  statement {
    sid = "DeregisterRevisions"
    actions = [
      "ecs:DeregisterTaskDefinition",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Create"
    actions = [
      "ecs:RegisterTaskDefinition",
      "elasticloadbalancing:CreateTargetGroup",
      "elasticloadbalancing:CreateRule",
      "application-autoscaling:RegisterScalableTarget",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:task-definition/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:targetgroup/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener/*",
      "arn:${data.aws_partition.current.partition}:application-autoscaling:${local.region}:${local.account}:scalable-target/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/ecs-operator:owner"
      values   = [var.owner]
    }
  }

  statement {
    sid = "Change"
    actions = [
      "elasticloadbalancing:ModifyTargetGroup",
      "elasticloadbalancing:ModifyTargetGroupAttributes",
      "elasticloadbalancing:DeleteTargetGroup",
      "elasticloadbalancing:ModifyRule",
      "elasticloadbalancing:DeleteRule",
      "elasticloadbalancing:ModifyListener",
      "application-autoscaling:RegisterScalableTarget",
      "application-autoscaling:DeregisterScalableTarget",
      "application-autoscaling:PutScalingPolicy",
      "application-autoscaling:DeleteScalingPolicy",
      "application-autoscaling:PutScheduledAction",
      "application-autoscaling:DeleteScheduledAction",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:targetgroup/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener-rule/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener/*",
      "arn:${data.aws_partition.current.partition}:application-autoscaling:${local.region}:${local.account}:scalable-target/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/ecs-operator:owner"
      values   = [var.owner]
    }
  }

  statement {
    sid = "MoveRules"
    actions = [
      "elasticloadbalancing:SetRulePriorities",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener-rule/*",
    ]
  }

  statement {
    sid = "Alarms"
    actions = [
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:DeleteAlarms",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.owner}/*",
      "arn:${data.aws_partition.current.partition}:cloudwatch:${local.region}:${local.account}:alarm:TargetTracking-service/*",
    ]
  }

  statement {
    sid = "CompositeAlarms"
    actions = [
      "cloudwatch:PutCompositeAlarm",
    ]
    resources = ["*"]
  }

  statement {
    sid = "TagNewServices"
    actions = [
      "ecs:TagResource",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:service/*",
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:task-definition/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/ecs-operator:owner"
      values   = [var.owner]
    }

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["CreateService", "RegisterTaskDefinition"]
    }
  }

  statement {
    sid = "TagNewLoadBalancing"
    actions = [
      "elasticloadbalancing:AddTags",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:targetgroup/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener-rule/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/ecs-operator:owner"
      values   = [var.owner]
    }

    condition {
      test     = "StringEquals"
      variable = "elasticloadbalancing:CreateAction"
      values   = ["CreateTargetGroup", "CreateRule"]
    }
  }

  statement {
    sid = "TagUnowned"
    actions = [
      "application-autoscaling:TagResource",
      "cloudwatch:TagResource",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:application-autoscaling:${local.region}:${local.account}:scalable-target/*",
      "arn:${data.aws_partition.current.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.owner}/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/ecs-operator:owner"
      values   = [var.owner]
    }

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/ecs-operator:owner"
      values   = ["true"]
    }
  }

  statement {
    sid = "Tag"
    actions = [
      "ecs:TagResource",
      "elasticloadbalancing:AddTags",
      "application-autoscaling:TagResource",
      "cloudwatch:TagResource",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:service/*",
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:task-definition/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:targetgroup/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener-rule/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener/*",
      "arn:${data.aws_partition.current.partition}:application-autoscaling:${local.region}:${local.account}:scalable-target/*",
      "arn:${data.aws_partition.current.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.owner}/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/ecs-operator:owner"
      values   = [var.owner]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:RequestTag/ecs-operator:owner"
      values   = [var.owner]
    }
  }

  statement {
    sid = "Untag"
    actions = [
      "ecs:UntagResource",
      "elasticloadbalancing:RemoveTags",
      "application-autoscaling:UntagResource",
      "cloudwatch:UntagResource",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:service/*",
      "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:task-definition/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:targetgroup/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener-rule/*",
      "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener/*",
      "arn:${data.aws_partition.current.partition}:application-autoscaling:${local.region}:${local.account}:scalable-target/*",
      "arn:${data.aws_partition.current.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.owner}/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/ecs-operator:owner"
      values   = [var.owner]
    }

    condition {
      test     = "ForAllValues:StringNotEquals"
      variable = "aws:TagKeys"
      values   = ["ecs-operator:owner"]
    }
  }

  statement {
    sid = "PassRoles"
    actions = [
      "iam:PassRole",
    ]
    resources = var.passable_role_arns

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]
    }
  }

  statement {
    sid = "PassOwnRoles"
    actions = [
      "iam:PassRole",
    ]
    resources = [
      aws_iam_role.execution.arn,
      aws_iam_role.task.arn,
    ]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid = "ServiceLinkedRoles"
    actions = [
      "iam:CreateServiceLinkedRole",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:iam::${local.account}:role/aws-service-role/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = var.adopt ? [1] : []

    content {
      sid = "Adopt"
      actions = [
        "ecs:TagResource",
        "elasticloadbalancing:AddTags",
      ]
      resources = [
        "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:service/*",
        "arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:task-definition/*",
        "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:targetgroup/*",
        "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener-rule/*",
        "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}:listener/*",
      ]

      condition {
        test     = "StringEquals"
        variable = "aws:RequestTag/ecs-operator:owner"
        values   = [var.owner]
      }

      condition {
        test     = "Null"
        variable = "aws:ResourceTag/ecs-operator:owner"
        values   = ["true"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.assumable_role_arns) > 0 ? [1] : []

    content {
      sid = "OtherAccounts"
      actions = [
        "sts:AssumeRole",
      ]
      resources = var.assumable_role_arns
    }
  }

  dynamic "statement" {
    for_each = var.codecommit_repository_arn != "" ? [1] : []

    content {
      sid = "Repository"
      actions = [
        "codecommit:GitPull",
      ]
      resources = [var.codecommit_repository_arn]
    }
  }

  dynamic "statement" {
    for_each = aws_sqs_queue.events

    content {
      sid       = "Events"
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
      resources = [statement.value.arn]
    }
  }
}
