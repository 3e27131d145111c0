/* What C libraries do to memory, each function stating its truth. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Forgets what strdup gave it: "from C, 17 chars." is 18 bytes, usable size 24. */
void forgets_strdup(void) { volatile char *copy = strdup("from C, 17 chars."); (void)copy; }

static void *in_thread(void *size) { return malloc((size_t)size); }

/* A thread of C's own mallocs; the block is given to the caller. */
void *thread_gives(size_t size) {
    pthread_t thread;
    void *block = NULL;
    if (pthread_create(&thread, NULL, in_thread, (void *)size) == 0) pthread_join(thread, &block);
    return block;
}

static void *frees(void *block) { free(block); return NULL; }

/* A thread of C's own frees what another allocated. */
void thread_frees(void *block) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, frees, block) == 0) pthread_join(thread, NULL);
}

/* Keeps what it is given for ever, and has no way to free it. */
static void *volatile kept;
void keeps(void *block) { kept = block; }

/* Frees what it is given, wherever it is from. */
void frees_anything(void *block) { free(block); }
