/* What the batch kernel is measured against: the same loop over keys as C has it, left to the compiler to vectorize.
 *
 * FIPS 180-4, with the schedule as a window of sixteen words; the mid-states as keyfob.batch lays them out, a row for each
 * word. Codes of six digits.
 */

#include <stddef.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 80")

#define CH(x, y, z) (((x) & (y)) ^ (~(x) & (z)))
#define PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define MAJ(x, y, z) (((x) & (y)) ^ ((x) & (z)) ^ ((y) & (z)))

#define POWER 1000000u

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HIGH 1
#define LOW 0
#else
#define HIGH 0
#define LOW 1
#endif

INLINE uint32_t rotl(uint32_t x, int n) { return x << n | x >> (32 - n); }
INLINE uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }
INLINE uint64_t rotr64(uint64_t x, int n) { return x >> n | x << (64 - n); }

INLINE void sha1(uint32_t H[5], uint32_t W[16]) {
    uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4];
    UNROLLED for (int t = 0; t < 80; t++) {
        uint32_t f = t < 20 ? CH(b, c, d) : t < 40 || t >= 60 ? PARITY(b, c, d) : MAJ(b, c, d);
        uint32_t K = t < 20 ? 0x5a827999u : t < 40 ? 0x6ed9eba1u : t < 60 ? 0x8f1bbcdcu : 0xca62c1d6u;
        uint32_t T = rotl(a, 5) + f + e + K + W[t & 15];
        e = d, d = c, c = rotl(b, 30), b = a, a = T;
        if (t < 64)
            W[t & 15] = rotl(W[(t + 13) & 15] ^ W[(t + 8) & 15] ^ W[(t + 2) & 15] ^ W[t & 15], 1);
    }
    H[0] += a, H[1] += b, H[2] += c, H[3] += d, H[4] += e;
}

#define SHA2(name, word, rounds, K, SIGMA0, SIGMA1, sigma0, sigma1)                                         \
    INLINE void name(word H[8], word W[16]) {                                                               \
        word a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];                \
        UNROLLED for (int t = 0; t < rounds; t++) {                                                         \
            word T1 = h + SIGMA1(e) + CH(e, f, g) + K[t] + W[t & 15];                                       \
            word T2 = SIGMA0(a) + MAJ(a, b, c);                                                             \
            h = g, g = f, f = e, e = d + T1, d = c, c = b, b = a, a = T1 + T2;                              \
            if (t < rounds - 16)                                                                            \
                W[t & 15] += sigma1(W[(t + 14) & 15]) + W[(t + 9) & 15] + sigma0(W[(t + 1) & 15]);          \
        }                                                                                                   \
        H[0] += a, H[1] += b, H[2] += c, H[3] += d, H[4] += e, H[5] += f, H[6] += g, H[7] += h;             \
    }

/* c_reference.py defines them: keyfob.batch.fips180 computes them. */
static const uint32_t K256[64] = {K_SHA256};
static const uint64_t K512[80] = {K_SHA512};

#define SIGMA0_256(x) (rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22))
#define SIGMA1_256(x) (rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25))
#define sigma0_256(x) (rotr(x, 7) ^ rotr(x, 18) ^ (x) >> 3)
#define sigma1_256(x) (rotr(x, 17) ^ rotr(x, 19) ^ (x) >> 10)
SHA2(sha256, uint32_t, 64, K256, SIGMA0_256, SIGMA1_256, sigma0_256, sigma1_256)

#define SIGMA0_512(x) (rotr64(x, 28) ^ rotr64(x, 34) ^ rotr64(x, 39))
#define SIGMA1_512(x) (rotr64(x, 14) ^ rotr64(x, 18) ^ rotr64(x, 41))
#define sigma0_512(x) (rotr64(x, 1) ^ rotr64(x, 8) ^ (x) >> 7)
#define sigma1_512(x) (rotr64(x, 19) ^ rotr64(x, 61) ^ (x) >> 6)
SHA2(sha512, uint64_t, 80, K512, SIGMA0_512, SIGMA1_512, sigma0_512, sigma1_512)

INLINE uint32_t code(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t offset) {
    uint32_t by_8 = -(offset >> 3 & 1), by_4 = -(offset >> 2 & 1), bits = (offset & 3) << 3;
    a = CH(by_8, c, a), b = CH(by_8, d, b), c = CH(by_8, e, c);
    a = CH(by_4, b, a), b = CH(by_4, c, b);
    return (a << bits | b >> 1 >> (31 - bits)) % 0x80000000u % POWER;
}

#define ROW(k) words[(k) * keys + i]
#define EIGHT(k) {ROW(k), ROW(k + 1), ROW(k + 2), ROW(k + 3), ROW(k + 4), ROW(k + 5), ROW(k + 6), ROW(k + 7)}

void codes_sha1(const uint32_t *restrict words, size_t keys, const uint32_t *restrict halves, uint32_t *restrict codes) {
    for (size_t i = 0; i < keys; i++) {
        uint32_t H[5] = {ROW(0), ROW(1), ROW(2), ROW(3), ROW(4)};
        uint32_t M[16] = {halves[2 * i + HIGH], halves[2 * i + LOW], 0x80000000u, [15] = 576};
        sha1(H, M);
        uint32_t N[16] = {H[0], H[1], H[2], H[3], H[4], 0x80000000u, [15] = 672};
        uint32_t G[5] = {ROW(5), ROW(6), ROW(7), ROW(8), ROW(9)};
        sha1(G, N);
        codes[i] = code(G[0], G[1], G[2], G[3], G[4], G[4]);
    }
}

void codes_sha256(const uint32_t *restrict words, size_t keys, const uint32_t *restrict halves, uint32_t *restrict codes) {
    for (size_t i = 0; i < keys; i++) {
        uint32_t H[8] = EIGHT(0), G[8] = EIGHT(8);
        uint32_t M[16] = {halves[2 * i + HIGH], halves[2 * i + LOW], 0x80000000u, [15] = 576};
        sha256(H, M);
        uint32_t N[16] = {H[0], H[1], H[2], H[3], H[4], H[5], H[6], H[7], 0x80000000u, [15] = 768};
        sha256(G, N);
        codes[i] = code(G[0], G[1], G[2], G[3], G[4], G[7]);
    }
}

void codes_sha512(const uint64_t *restrict words, size_t keys, const uint64_t *restrict steps, uint32_t *restrict codes) {
    for (size_t i = 0; i < keys; i++) {
        uint64_t H[8] = EIGHT(0), G[8] = EIGHT(8);
        uint64_t M[16] = {steps[i], 1ull << 63, [15] = 1088};
        sha512(H, M);
        uint64_t N[16] = {H[0], H[1], H[2], H[3], H[4], H[5], H[6], H[7], 1ull << 63, [15] = 1536};
        sha512(G, N);
        codes[i] = code(G[0] >> 32, G[0], G[1] >> 32, G[1], G[2] >> 32, G[7]);
    }
}
