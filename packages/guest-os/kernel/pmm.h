/* Physical memory: 4 KiB frames with reference counts. Frames are handed out as direct-map addresses. */
#pragma once
#include "types.h"

void pmm_init(void);

/* A frame with one reference, or NULL when memory is exhausted. `frame_alloc` leaves the contents undefined. */
void *frame_alloc(void);
void *frame_alloc_zeroed(void);

void frame_get(void *frame);        /* one more reference */
void frame_put(void *frame);        /* one less; the last one frees the frame */
bool frame_is_shared(void *frame);  /* more than one reference */
u64 frames_free(void);
u64 frames_total(void);
