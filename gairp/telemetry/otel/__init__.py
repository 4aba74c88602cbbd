"""OpenTelemetry: where spans and measurements go; nothing else imports its SDK."""
