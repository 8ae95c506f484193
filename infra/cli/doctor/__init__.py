"""`rivulet doctor`: what is wrong with a project and the services around it, and the command that mends it."""
