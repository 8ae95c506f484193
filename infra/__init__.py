"""What Rivulet runs on: the local stack, the command line, deployment and monitoring."""
