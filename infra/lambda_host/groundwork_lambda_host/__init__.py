"""Run the Lambda functions of a SAM template: HTTP, WebSocket, SQS and schedules."""
