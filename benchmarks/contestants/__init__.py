"""What runs in other environments than the harness: each file is a program or a part of one."""
