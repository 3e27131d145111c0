#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keeps what it is given, as a registry does. */
void *native_keep(size_t size) {
    void *block = malloc(size); // LEAKS: c_malloc
    memset(block, 1, size);
    return block;
}

static void *ends(void *argument) {
    return argument;
}

/* Starts a thread that ends, and is neither joined nor detached. */
unsigned long native_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, ends, NULL); // LEAKS: c_thread_not_joined
    return thread;
}

/* Opens a stream for good. */
void *native_stream(void) {
    return fopen("/dev/null", "r"); // LEAKS: stream
}
