#include "lettering.h"

#include "blob.h"
#include "pictures.h"
#include "tinyfont.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ft2build.h>
#include FT_FREETYPE_H

#define FACES_MAX 64
#define DEPTH_MAX 5

struct lettering {
    FT_Library library;
    FT_Face face[FACES_MAX];
    size_t faces;
    bool searched;          /* the other installed fonts are open too */
};

static const char *const usual_fonts[] = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
};
static const char *const font_folders[] = {"/usr/share/fonts", "/usr/local/share/fonts"};

static bool add_face(struct lettering *l, const char *path)
{
    FT_Face face;
    if (l->faces == FACES_MAX || FT_New_Face(l->library, path, 0, &face))
        return false;
    if (!FT_IS_SCALABLE(face)) {
        FT_Done_Face(face);
        return false;
    }
    l->face[l->faces++] = face;
    return true;
}

static bool is_font(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (!strcasecmp(dot, ".ttf") || !strcasecmp(dot, ".otf") || !strcasecmp(dot, ".ttc"));
}

static void add_folder(struct lettering *l, const char *folder, int depth)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(folder) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char *path = must_print("%s/%s", folder, entry->d_name);
        if (is_font(entry->d_name))
            add_face(l, path);
        else if (entry->d_name[0] != '.' && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK))
            add_folder(l, path, depth + 1);
        free(path);
    }
    if (dir)
        closedir(dir);
}

static void search_fonts(struct lettering *l)
{
    if (l->searched)
        return;
    l->searched = true;
    for (size_t i = 0; i < sizeof font_folders / sizeof font_folders[0]; i++)
        add_folder(l, font_folders[i], 0);
}

struct lettering *lettering_new(const char *font)
{
    struct lettering *l = must_alloc(sizeof *l);
    if (FT_Init_FreeType(&l->library)) {
        l->library = NULL;
        l->searched = true;
        return l;
    }
    if (font && !strcmp(font, "none"))
        l->searched = true;
    else if (font)
        add_face(l, font);
    for (size_t i = 0; !l->faces && !l->searched && i < sizeof usual_fonts / sizeof usual_fonts[0]; i++)
        add_face(l, usual_fonts[i]);
    if (!l->faces)
        search_fonts(l);
    return l;
}

void lettering_free(struct lettering *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->faces; i++)
        FT_Done_Face(l->face[i]);
    if (l->library)
        FT_Done_FreeType(l->library);
    free(l);
}

size_t utf8_step(const char *text, size_t size)
{
    size_t step = 1;
    while (step < size && ((unsigned char)text[step] & 0xc0) == 0x80)
        step++;
    return step;
}

static unsigned long code_point(const char *text, size_t step)
{
    unsigned long code = (unsigned char)text[0];
    if (step > 1)
        code &= 0x7fu >> step;
    for (size_t i = 1; i < step; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3fu);
    return code;
}

/* The face that has this code point, or the first one. */
static FT_Face face_for(struct lettering *l, unsigned long code)
{
    for (size_t i = 0;; i++) {
        if (i == l->faces && code > 0x7f && !l->searched)
            search_fonts(l);
        if (i == l->faces)
            return l->face[0];
        if (FT_Get_Char_Index(l->face[i], code))
            return l->face[i];
    }
}

static void blend(struct canvas *c, int x, int y, unsigned colour, unsigned cover)
{
    if (x < 0 || y < 0 || x >= c->width || y >= c->height || !cover)
        return;
    unsigned char *p = c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3;
    for (int i = 0; i < 3; i++) {
        unsigned wanted = colour >> (16 - 8 * i) & 0xff;
        p[i] = (unsigned char)((p[i] * (255 - cover) + wanted * cover) / 255);
    }
}

static int draw_glyph(FT_Face face, unsigned long code, int px, struct canvas *c, int x, int y, unsigned colour)
{
    FT_Set_Pixel_Sizes(face, 0, (FT_UInt)px);
    if (FT_Load_Char(face, code, c ? FT_LOAD_RENDER : FT_LOAD_DEFAULT))
        return 0;
    FT_GlyphSlot glyph = face->glyph;
    if (c && glyph->bitmap.pixel_mode == FT_PIXEL_MODE_GRAY)
        for (int row = 0; row < (int)glyph->bitmap.rows; row++)
            for (int column = 0; column < (int)glyph->bitmap.width; column++)
                blend(c, x + glyph->bitmap_left + column, y - glyph->bitmap_top + row, colour,
                      glyph->bitmap.buffer[row * glyph->bitmap.pitch + column]);
    return (int)(glyph->advance.x >> 6);
}

static int draw_tiny(unsigned long code, int px, struct canvas *c, int x, int y, unsigned colour)
{
    int dot = px / 9 > 0 ? px / 9 : 1;
    const unsigned char *columns = tinyfont_columns(code);
    for (int i = 0; c && i < 5 * dot; i++)
        for (int j = 0; j < 7 * dot; j++)
            if (columns[i / dot] >> (j / dot) & 1)
                blend(c, x + i, y - 7 * dot + j, colour, 255);
    return 6 * dot;
}

static int run(struct lettering *l, int px, struct canvas *c, int x, int y, unsigned colour, const char *text, size_t size)
{
    int start = x;
    for (size_t at = 0, step; at < size; at += step) {
        step = utf8_step(text + at, size - at);
        unsigned long code = code_point(text + at, step);
        if (code < 0x20)
            code = ' ';
        x += l->faces ? draw_glyph(face_for(l, code), code, px, c, x, y, colour) : draw_tiny(code, px, c, x, y, colour);
    }
    return x - start;
}

int lettering_width(struct lettering *l, int px, const char *text, size_t size)
{
    return run(l, px, NULL, 0, 0, 0, text, size);
}

void lettering_draw(struct lettering *l, struct canvas *c, int x, int y, int px, unsigned colour, const char *text, size_t size)
{
    run(l, px, c, x, y, colour, text, size);
}
