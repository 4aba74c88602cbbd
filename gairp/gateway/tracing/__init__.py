"""What the gateway says in OpenTelemetry's semantic conventions for generative AI."""
