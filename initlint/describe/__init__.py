"""What a file says about its models."""
