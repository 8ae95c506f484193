"""What Prometheus and Grafana are given: alerts.yml, dashboard.json (made by dashboard.py), prometheus.yml."""
