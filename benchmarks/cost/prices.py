"""List prices in US dollars that the model assumes, without free tiers and discounts.

Region eu-central-1, as published by AWS in 2026. They change: compare with the pricing pages, or
with the AWS Pricing Calculator, before a budget depends on them.
"""

HOURS = 730
"""Hours of a month."""

# Compute
LAMBDA_GB_SECOND = 0.0000133334  # arm64
LAMBDA_REQUEST = 0.20e-6
FARGATE_VCPU_HOUR = 0.0372  # arm64
FARGATE_GB_HOUR = 0.0041
NEO4J_HOUR = {"small": 0.0647, "medium": 0.1293, "large": 0.5172}  # r7g.medium, .large, .2xlarge

# In front
REST_REQUEST = 3.70e-6
SOCKET_MESSAGE = 1.14e-6
SOCKET_MINUTE = 0.285e-6
LOAD_BALANCER_HOUR = 0.027
LOAD_BALANCER_UNIT_HOUR = 0.008
FIREWALL_MONTH = 5 + 3  # one list with three rules
FIREWALL_REQUEST = 0.60e-6

# Databases and queues
POSTGRES_HOUR = {
    "small": 0.154,
    "medium": 0.402,
    "large": 1.608,
}  # Multi-AZ: t4g.medium, m7g.large, m7g.2xlarge
POSTGRES_GB_MONTH = 0.274  # gp3, Multi-AZ
PROXY_VCPU_HOUR = 0.018
EBS_GB_MONTH = 0.095
SQS_REQUEST = 0.40e-6

# Network and operations
NAT_HOUR = 0.052
NAT_GB = 0.052
ENDPOINT_HOUR = 0.012
EGRESS_GB = 0.09
LOG_GB = 0.63
LOG_KEPT_GB_MONTH = 0.0324
TRACE = 5.0e-6
ALARM_MONTH = 0.10
SECRET_MONTH = 0.40
