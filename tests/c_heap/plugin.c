/* A library that is loaded at run time. */
#include <stdlib.h>

static void *volatile kept;
/* Forgets a block of 100 bytes, usable size 104. */
void forgets(void) { kept = malloc(100); }
/* Uses a block and frees it. */
void uses(void) { kept = malloc(1000); free(kept); }
