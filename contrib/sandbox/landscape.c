#include "landscape.h"

#include "blob.h"
#include "map.h"
#include "pictures.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RANGES 5
#define SHADES 256

struct colour {
    float r, g, b;
};

struct view {
    struct canvas *c;
    uint64_t seed;
    float unit;                     /* the shorter side, in pixels */
    struct colour zenith, horizon, light, shade;
    float sun_x, sun_y, sun_r;
    int water;                      /* row of the shore, or the height */
    bool night;
    float *ridge[RANGES];           /* top row of each range per column, far to near */
    unsigned char tint[RANGES][SHADES][3];
    unsigned char glow[1024];       /* strength by squared distance from the sun */
};

static float chance(struct view *v)
{
    v->seed = mix64(v->seed);
    return (float)(v->seed >> 40) / (float)(1 << 24);
}

static struct colour hsv(float h, float s, float value)
{
    struct colour c = {0, 0, 0};
    float *part[3] = {&c.r, &c.g, &c.b};
    for (int i = 0; i < 3; i++) {
        float k = fmodf((float)(5 - 2 * i) + 6 * (h - floorf(h)), 6);
        float m = fminf(fminf(k, 4 - k), 1);
        *part[i] = value - value * s * fmaxf(m, 0);
    }
    return c;
}

static struct colour mix(struct colour a, struct colour b, float t)
{
    return (struct colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static void put(unsigned char *p, struct colour c)
{
    p[0] = (unsigned char)(fminf(fmaxf(c.r, 0), 1) * 255);
    p[1] = (unsigned char)(fminf(fmaxf(c.g, 0), 1) * 255);
    p[2] = (unsigned char)(fminf(fmaxf(c.b, 0), 1) * 255);
}

/* Zenith and horizon: pairs that occur in skies, or might. */
static const float hues[][2] = {
    {0.60f, 0.08f}, {0.75f, 0.95f}, {0.52f, 0.12f}, {0.66f, 0.04f}, {0.62f, 0.50f}, {0.86f, 0.12f},
    {0.47f, 0.15f}, {0.97f, 0.10f}, {0.58f, 0.58f}, {0.78f, 0.42f}, {0.70f, 0.86f}, {0.55f, 0.03f},
};
#define HUES ((int)(sizeof hues / sizeof hues[0]))

static void choose_colours(struct view *v)
{
    const float *pair = hues[(int)(chance(v) * HUES) % HUES];
    float hue = pair[0] + 0.06f * (chance(v) - 0.5f), warm = pair[1] + 0.06f * (chance(v) - 0.5f);
    v->night = chance(v) < 0.3f;
    v->zenith = hsv(hue, 0.55f + 0.3f * chance(v), v->night ? 0.18f : 0.45f + 0.4f * chance(v));
    v->horizon = hsv(warm, 0.25f + 0.4f * chance(v), v->night ? 0.55f : 0.97f);
    v->light = mix(hsv(warm + 0.06f, 0.35f, 1), (struct colour){1, 1, 1}, 0.5f);
    v->shade = hsv(hue + 0.08f * chance(v), 0.6f + 0.3f * chance(v), v->night ? 0.06f : 0.16f);
}

static void place(struct view *v)
{
    float w = (float)v->c->width, h = (float)v->c->height;
    v->sun_x = w * (0.15f + 0.7f * chance(v));
    v->sun_y = h * (0.12f + 0.33f * chance(v));
    v->sun_r = v->unit * (0.04f + 0.07f * chance(v));
    v->water = chance(v) < 0.45f ? (int)(h * (0.68f + 0.12f * chance(v))) : v->c->height;
    for (int i = 0; i < 1024; i++) {
        float d = sqrtf((float)i / 1023);
        v->glow[i] = (unsigned char)(235 * powf(1 - d, 3));
    }
}

/* A sum of waves, the short ones folded to sharp crests on the far ranges. */
static void raise_range(struct view *v, int range)
{
    float base = (float)v->c->height * (0.42f + 0.11f * (float)range + 0.05f * chance(v));
    float tall = v->unit * (0.13f - 0.012f * (float)range), wave[6], phase[6];
    float sharp = chance(v) * (1 - (float)range / RANGES);

    for (int i = 0; i < 6; i++) {
        wave[i] = (0.7f + 0.6f * chance(v)) * powf(1.9f, (float)i) * 2.2f / v->unit;
        phase[i] = 6.2832f * chance(v);
    }
    for (int x = 0; x < v->c->width; x++) {
        float y = 0, weight = 1;
        for (int i = 0; i < 6; i++) {
            float s = sinf((float)x * wave[i] + phase[i]);
            y += weight * (s * (1 - sharp) + (1 - 2 * fabsf(s)) * sharp);
            weight *= 0.52f;
        }
        v->ridge[range][x] = base - tall * y * 0.6f;
    }
    for (int i = 0; i < SHADES; i++) {
        float near = (float)range / (RANGES - 1), haze = 0.55f * (1 - near) * (0.5f + 0.5f * (float)i / SHADES);
        struct colour lit = mix(v->shade, v->horizon, 0.62f * (1 - near) + 0.08f);
        put(v->tint[range][i], mix(lit, v->horizon, haze));
    }
}

static void paint_sky_pixel(const struct view *v, unsigned char *p, const unsigned char *sky, float dx2, float dy2)
{
    float reach = v->sun_r * 7, d2 = dx2 + dy2;
    memcpy(p, sky, 3);
    if (d2 >= reach * reach)
        return;
    float edge = v->sun_r * v->sun_r;
    unsigned cover = d2 < edge ? 255 : v->glow[(int)(1023 * d2 / (reach * reach))];
    if (d2 >= edge && d2 < edge * 1.04f)
        cover = (cover + 255) / 2;
    unsigned char light[3];
    put(light, v->light);
    for (int i = 0; i < 3; i++)
        p[i] = (unsigned char)((p[i] * (255 - cover) + light[i] * cover) / 255);
}

static void paint_row(const struct view *v, int y)
{
    unsigned char sky[3], *p = v->c->rgb + (size_t)y * (size_t)v->c->width * 3;
    float t = fminf((float)y / ((float)v->c->height * 0.62f), 1), dy = (float)y - v->sun_y;
    float shade = SHADES / (v->unit * 0.35f);

    put(sky, mix(v->zenith, v->horizon, t * t * (3 - 2 * t)));
    for (int x = 0; x < v->c->width; x++, p += 3) {
        int range = RANGES - 1;
        while (range >= 0 && (float)y < v->ridge[range][x])
            range--;
        if (range < 0) {
            float dx = (float)x - v->sun_x;
            paint_sky_pixel(v, p, sky, dx * dx, dy * dy);
        } else {
            int deep = (int)(((float)y - v->ridge[range][x]) * shade);
            memcpy(p, v->tint[range][deep < SHADES ? deep : SHADES - 1], 3);
        }
    }
}

static void paint_stars(struct view *v)
{
    int count = v->night ? (int)(120 * (float)v->c->height / v->unit * (float)v->c->width / v->unit) : 0;
    for (int i = 0; i < count; i++) {
        int x = (int)(chance(v) * (float)v->c->width), y = (int)(chance(v) * (float)v->c->height * 0.5f);
        float strength = chance(v);
        if (x < v->c->width && (float)y < v->ridge[0][x] - 2 && (float)y < v->ridge[1][x] - 2) {
            unsigned char *p = v->c->rgb + ((size_t)y * (size_t)v->c->width + (size_t)x) * 3;
            for (int k = 0; k < 3; k++)
                p[k] = (unsigned char)((float)p[k] + (float)(255 - p[k]) * strength);
        }
    }
}

/* Rows below the shore mirror the ones above, stretched and rippled. */
static void paint_water(const struct view *v)
{
    size_t row = (size_t)v->c->width * 3;
    for (int y = v->water; y < v->c->height; y++) {
        int below = y - v->water, from = v->water - 1 - below * 3 / 2;
        int shift = (int)(sinf((float)below * 40 / v->unit) * (float)below * 0.03f);
        const unsigned char *source = v->c->rgb + row * (size_t)(from < 0 ? 0 : from);
        unsigned char *p = v->c->rgb + row * (size_t)y;
        for (int x = 0; x < v->c->width; x++, p += 3) {
            int sx = x + shift < 0 ? 0 : x + shift >= v->c->width ? v->c->width - 1 : x + shift;
            for (int k = 0; k < 3; k++)
                p[k] = (unsigned char)(source[sx * 3 + k] * 4 / 5);
        }
    }
}

void landscape_paint(struct canvas *c, uint64_t seed)
{
    struct view *v = must_alloc(sizeof *v);

    v->c = c;
    v->seed = seed;
    v->unit = (float)(c->width < c->height ? c->width : c->height);
    choose_colours(v);
    place(v);
    for (int i = 0; i < RANGES; i++) {
        v->ridge[i] = must_alloc((size_t)c->width * sizeof *v->ridge[i]);
        raise_range(v, i);
    }
    for (int y = 0; y < v->water; y++)
        paint_row(v, y);
    paint_stars(v);
    paint_water(v);
    for (int i = 0; i < RANGES; i++)
        free(v->ridge[i]);
    free(v);
}
