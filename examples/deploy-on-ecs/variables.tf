variable "name" {
  description = "Name of the service"
  type        = string
  default     = "ecs-operator"
}

variable "cluster" {
  description = "Name of the ECS cluster that the operator runs in, and that documents mean which write none"
  type        = string
  default     = "default"
}

variable "managed_cluster_arns" {
  description = "The clusters in which it may write, by patterns of their ARNs"
  type        = list(string)
  default     = ["arn:*:ecs:*:*:cluster/*"]
}

variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  description = "Subnets from which AWS and the repository can be reached"
  type        = list(string)
}

variable "assign_public_ip" {
  description = "true in public subnets, where nothing else leads out"
  type        = bool
  default     = false
}

variable "image" {
  description = "The image, by a tag that never moves or by its digest"
  type        = string
}

variable "cpu_architecture" {
  type    = string
  default = "ARM64"
}

variable "repository" {
  description = "https://, ssh:// or codecommit::REGION://NAME"
  type        = string
}

variable "ref" {
  description = "Branch or tag"
  type        = string
  default     = "main"
}

variable "document_path" {
  description = "Folder of the documents in the repository"
  type        = string
  default     = "."
}

variable "git_token_secret_arn" {
  description = "Secret whose value is the token for https"
  type        = string
  default     = ""
}

variable "git_ssh_key_secret_arn" {
  description = "Secret whose value is the private key for ssh"
  type        = string
  default     = ""
}

variable "git_known_hosts" {
  description = "With ssh: the host keys that are believed, as known_hosts has them"
  type        = string
  default     = ""
}

variable "codecommit_repository_arn" {
  description = "ARN of the repository, where it is in CodeCommit"
  type        = string
  default     = ""
}

variable "owner" {
  description = "Value of the tag ecs-operator:owner"
  type        = string
  default     = "ecs-operator"
}

variable "scope" {
  description = "Name of this set of documents; without one no service is ever pruned"
  type        = string
  default     = ""
}

variable "targets" {
  description = "The accounts and regions that documents may name: the content of a targets file, as with file(\"targets.yaml\")"
  type        = string
  default     = ""
}

variable "assumable_role_arns" {
  description = "The roles that targets names"
  type        = list(string)
  default     = []
}

variable "passable_role_arns" {
  description = "The task, execution and infrastructure roles that documents may name"
  type        = list(string)
}

variable "adopt" {
  description = "Whether documents with policy.adopt may take over what carries no owner tag"
  type        = bool
  default     = false
}

variable "events" {
  description = "Whether EventBridge tells the operator of deployments in ECS and of pushes to CodeCommit, by a queue"
  type        = bool
  default     = false
}

variable "webhook_secret_arn" {
  description = "Secret that the hosting service of the repository signs its calls with; without one no webhook is taken"
  type        = string
  default     = ""
}

variable "webhook_listener_arn" {
  description = "With a webhook: the HTTPS listener of your load balancer"
  type        = string
  default     = ""
}

variable "webhook_host" {
  description = "With a webhook: the host name, under which /hook/ leads to the operator"
  type        = string
  default     = ""
}

variable "webhook_priority" {
  description = "With a webhook: the priority of the listener's rule"
  type        = number
  default     = 900
}

variable "load_balancer_security_group_id" {
  description = "With a webhook: that of the load balancer"
  type        = string
  default     = ""
}

variable "log_retention_in_days" {
  type    = number
  default = 30
}
