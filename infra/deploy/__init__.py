"""What puts Rivulet into production: image, compose, Kubernetes, hosts; and what checks migrations before."""
