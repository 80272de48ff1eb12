#include "paint.h"

#include "landscape.h"
#include "lettering.h"

#include <stdbool.h>
#include <string.h>

#define BANNER "SAMPLE — made by easelfs-sandbox, no model was asked"
#define LINES_MAX 40

struct block {
    struct {
        const char *text;
        size_t size;
    } line[LINES_MAX];
    int lines, px;
    bool cut;               /* more text than lines */
};

static int at_least(int value, int least)
{
    return value < least ? least : value;
}

/* How much of `text` goes on one line of `width`: whole words, or what fits of a long one. */
static size_t line_length(struct lettering *l, int px, const char *text, int width)
{
    size_t size = strcspn(text, "\r\n"), fits = 0, word = 0;
    int used = 0;
    while (fits < size) {
        size_t step = utf8_step(text + fits, size - fits);
        used += lettering_width(l, px, text + fits, step);
        if (used > width)
            return word ? word : fits ? fits : step;
        fits += step;
        if (text[fits] == ' ')
            word = fits;
    }
    return fits;
}

static void wrap(struct lettering *l, struct block *b, const char *text, int px, int width, int most)
{
    b->px = px;
    b->lines = 0;
    while (*text && b->lines < most && b->lines < LINES_MAX) {
        size_t size = line_length(l, px, text, width);
        b->line[b->lines].text = text;
        b->line[b->lines++].size = size;
        text += size;
        text += strspn(text, " ");
        text += *text == '\r';
        text += *text == '\n';
    }
    b->cut = *text != 0;
}

static int block_height(const struct block *b)
{
    return b->lines * b->px * 5 / 4;
}

static void draw_block(struct lettering *l, struct canvas *c, const struct block *b, int x, int y, unsigned colour)
{
    for (int i = 0; i < b->lines; i++) {
        int base = y + i * b->px * 5 / 4 + b->px;
        lettering_draw(l, c, x, base, b->px, colour, b->line[i].text, b->line[i].size);
        if (b->cut && i == b->lines - 1)
            lettering_draw(l, c, x + lettering_width(l, b->px, b->line[i].text, b->line[i].size), base, b->px, colour, " ...", 4);
    }
}

static void darken(struct canvas *c, int x0, int y0, int x1, int y1, int keep)
{
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < c->height; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x1 && x < c->width; x++) {
            unsigned char *p = c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3;
            for (int k = 0; k < 3; k++)
                p[k] = (unsigned char)(p[k] * keep / 256);
        }
}

static void fill(struct canvas *c, int x0, int y0, int x1, int y1, unsigned char grey)
{
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < c->height; y++)
        if (x0 < x1 && x1 <= c->width && x0 >= 0)
            memset(c->rgb + ((size_t)y * (size_t)c->width + (size_t)x0) * 3, grey, (size_t)(x1 - x0) * 3);
}

/* The mean of the source pixels under one pixel of the thumbnail, of at most 16 of them each way. */
static void sample(const struct canvas *from, int x0, int x1, int y0, int y1, unsigned char *to)
{
    unsigned sum[3] = {0}, count = 0;
    int dx = at_least((x1 - x0) / 16, 1), dy = at_least((y1 - y0) / 16, 1);
    for (int y = y0; y < y1 || y == y0; y += dy)
        for (int x = x0; x < x1 || x == x0; x += dx, count++)
            for (int k = 0; k < 3; k++)
                sum[k] += from->rgb[((size_t)y * (size_t)from->width + (size_t)x) * 3 + (size_t)k];
    for (int k = 0; k < 3; k++)
        to[k] = (unsigned char)(sum[k] / count);
}

static void draw_thumbnail(struct canvas *c, const struct canvas *picture, int x, int y, int side)
{
    int border = at_least(side / 24, 1), w = side, h = side;
    if (picture->rgb && picture->width > picture->height)
        h = at_least((int)((long)side * picture->height / picture->width), 1);
    else if (picture->rgb)
        w = at_least((int)((long)side * picture->width / picture->height), 1);
    y += side - h;
    fill(c, x - border, y - border, x + w + border, y + h + border, 250);
    fill(c, x, y, x + w, y + h, 90);
    for (int j = 0; picture->rgb && j < h; j++)
        for (int i = 0; i < w; i++)
            if (x + i >= 0 && x + i < c->width && y + j >= 0 && y + j < c->height)
                sample(picture, (int)((long)i * picture->width / w), (int)((long)(i + 1) * picture->width / w),
                       (int)((long)j * picture->height / h), (int)((long)(j + 1) * picture->height / h),
                       c->rgb + ((size_t)(y + j) * (size_t)c->width + (size_t)(x + i)) * 3);
}

static void draw_references(struct canvas *c, const struct scene *s, int bottom, int margin)
{
    int count = (int)s->reference_count, gap = at_least(margin, 4);
    if (!count)
        return;
    int side = (c->width - 2 * margin - (count - 1) * gap) / count;
    int most = (c->width < c->height ? c->width : c->height) / 5;
    side = side > most ? most : side;
    if (side < 4 || bottom - side < 0)
        return;
    for (int i = 0; i < count; i++)
        draw_thumbnail(c, &s->references[i], margin + i * (side + gap), bottom - side, side);
}

struct canvas paint_scene(const struct scene *s, struct lettering *l)
{
    struct canvas c = canvas_new(s->width, s->height);
    int unit = c.width < c.height ? c.width : c.height, margin = at_least(unit / 32, 4);
    int text = at_least(unit / 26, 9), width = c.width - 2 * margin;
    struct block banner, prompt, label;

    landscape_paint(&c, s->seed);
    wrap(l, &banner, BANNER, at_least(text * 3 / 5, 9), width, 6);
    wrap(l, &label, s->label, at_least(text * 3 / 5, 8), width, 6);
    wrap(l, &prompt, s->prompt, text, width, at_least(c.height * 2 / 5 / (text * 5 / 4), 1));

    int top = block_height(&banner) + margin;
    darken(&c, 0, 0, c.width, top, 90);
    draw_block(l, &c, &banner, margin, margin / 2, 0xffe9a8);

    int panel = c.height - block_height(&prompt) - block_height(&label) - margin * 5 / 2;
    panel = panel < top ? top : panel;
    darken(&c, 0, panel, c.width, c.height, 100);
    draw_block(l, &c, &prompt, margin, panel + margin, 0xffffff);
    draw_block(l, &c, &label, margin, panel + margin * 3 / 2 + block_height(&prompt), 0xc8d4e4);
    draw_references(&c, s, panel - margin, margin);
    return c;
}
