"""Kafka and PostgreSQL on this machine, by whatever means it offers."""
