"""What acts on production: deploy, schema, webhooks, doctor, rebuild."""
