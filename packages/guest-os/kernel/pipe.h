#pragma once

struct file;

/* The two ends of a new pipe; 0 or -ENOMEM. */
long pipe_create(struct file **read_end, struct file **write_end, unsigned int flags);
