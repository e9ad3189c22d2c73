// Included before llama.cpp's sources. GCC 12 declares that `ldtilecfg` reads 8 bytes of the 64 that it reads, drops the writes of
// the others, and llama.cpp ends with a fault in its first product on a CPU with AMX.
#if defined(__cplusplus) && defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define _tile_loadconfig(config) __asm__ volatile("ldtilecfg %0" ::"m"(*(const char(*)[64])(config)) : "memory")
#endif
