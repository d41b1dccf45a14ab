"""What is cleaned up behind the pipe, and the audit of it."""
