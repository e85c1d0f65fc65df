// Calls of Linux that the C library shows only to programs that ask for its extensions.
#ifndef WEIR_CDISK_H
#define WEIR_CDISK_H

#ifdef __linux__
extern int syncfs(int descriptor);
extern int sync_file_range(int descriptor, long offset, long count, unsigned int flags);

// SYNC_FILE_RANGE_WRITE
static const unsigned int weir_sync_file_range_write = 2;
#endif

#endif
