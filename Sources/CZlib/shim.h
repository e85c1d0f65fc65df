// deflateInit2 is a macro that Swift does not see; the struct's size and the version are what it would pass.
#include <zlib.h>

static inline int weir_deflateInitGzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
