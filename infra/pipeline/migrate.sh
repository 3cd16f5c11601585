#!/bin/sh
# Run the migration job of a stage on ECS and wait for it: migrate.sh CLUSTER TASK NETWORK
# NETWORK is the awsvpc configuration: subnets=[…],securityGroups=[…],assignPublicIp=DISABLED
set -eu
cluster=$1 task=$2 network=$3
arn=$(aws ecs run-task --cluster "$cluster" --task-definition "$task" --launch-type FARGATE \
  --network-configuration "awsvpcConfiguration={$network}" --query 'tasks[0].taskArn' --output text)
aws ecs wait tasks-stopped --cluster "$cluster" --tasks "$arn"
code=$(aws ecs describe-tasks --cluster "$cluster" --tasks "$arn" \
  --query 'tasks[0].containers[0].exitCode' --output text)
if [ "$code" != 0 ]; then
  echo "The migration ended with $code; its log is in the log group of the stack. Nothing was deployed." >&2
  exit 1
fi
