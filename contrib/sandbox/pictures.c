#include "pictures.h"

#include "blob.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>
#include <webp/encode.h>

#define PIXELS_MAX (64u << 20)

struct canvas canvas_new(int width, int height)
{
    return (struct canvas){width, height, must_alloc((size_t)width * (size_t)height * 3)};
}

void canvas_free(struct canvas *c)
{
    free(c->rgb);
    *c = (struct canvas){0};
}

const char *picture_type(const unsigned char *b, size_t size)
{
    if (size >= 8 && !memcmp(b, "\x89PNG\r\n\x1a\n", 8))
        return "image/png";
    if (size >= 3 && !memcmp(b, "\xff\xd8\xff", 3))
        return "image/jpeg";
    if (size >= 12 && !memcmp(b, "RIFF", 4) && !memcmp(b + 8, "WEBP", 4))
        return "image/webp";
    if (size >= 6 && (!memcmp(b, "GIF87a", 6) || !memcmp(b, "GIF89a", 6)))
        return "image/gif";
    return NULL;
}

/* The brands that an ISO file names, the major one first (ISO/IEC 23008-12). */
static bool has_brand(const unsigned char *b, size_t size, size_t from, const char *brands)
{
    size_t end = size < 12 ? 0 : (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
    for (size_t at = from; at + 4 <= end && at + 4 <= size; at += at == 8 ? 8 : 4)
        for (const char *p = brands; *p; p += 4)
            if (!memcmp(b + at, p, 4))
                return true;
    return false;
}

bool picture_is(const unsigned char *b, size_t size, const char *type)
{
    static const char heic[] = "heicheixheimheishevchevx", heif[] = "mif1msf1";
    const char *is = picture_type(b, size);
    if (is)
        return !strcmp(is, type);
    if (size < 12 || memcmp(b + 4, "ftyp", 4))
        return false;
    if (!strcmp(type, "image/heic"))
        return has_brand(b, size, 8, heic);
    return !strcmp(type, "image/heif") && has_brand(b, 12, 8, heif);
}

struct sink {
    unsigned char *data;
    size_t size, room;
};

static void png_to_sink(png_structp png, png_bytep data, png_size_t size)
{
    struct sink *s = png_get_io_ptr(png);
    if (s->size + size > s->room) {
        s->room = (s->size + size) * 2;
        s->data = realloc(s->data, s->room);
        if (!s->data)
            abort();
    }
    memcpy(s->data + s->size, data, size);
    s->size += size;
}

static void png_flush_nothing(png_structp png)
{
    (void)png;
}

static void png_mark(png_structp png, png_infop info)
{
    static char key[] = "Comment", text[] = "SAMPLE, made by easelfs-sandbox, no model was asked";
    png_text comment = {.compression = PNG_TEXT_COMPRESSION_NONE, .key = key, .text = text, .text_length = sizeof text - 1};
    png_set_text(png, info, &comment, 1);
}

/* Level 1 with one fixed filter: a picture of 1024 × 1024 takes some 20 ms. */
static struct blob *encode_png(const struct canvas *c)
{
    struct sink *sink = must_alloc(sizeof *sink);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    struct blob *result = NULL;

    if (info && !setjmp(png_jmpbuf(png))) {
        png_set_write_fn(png, sink, png_to_sink, png_flush_nothing);
        png_set_IHDR(png, info, (png_uint_32)c->width, (png_uint_32)c->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
        png_set_compression_level(png, 1);
        png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
        png_mark(png, info);
        png_write_info(png, info);
        for (int y = 0; y < c->height; y++)
            png_write_row(png, c->rgb + (size_t)y * (size_t)c->width * 3);
        png_write_end(png, NULL);
        result = blob_take(sink->data, sink->size);
        sink->data = NULL;
    }
    png_destroy_write_struct(&png, &info);
    free(sink->data);
    free(sink);
    return result;
}

struct jpeg_trouble {
    struct jpeg_error_mgr base;
    jmp_buf back;
};

static void jpeg_give_up(j_common_ptr c)
{
    longjmp(((struct jpeg_trouble *)c->err)->back, 1);
}

static void jpeg_say_nothing(j_common_ptr c, int level)
{
    (void)c;
    (void)level;
}

static struct blob *encode_jpeg(const struct canvas *c, int quality)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_trouble trouble;
    unsigned char *volatile data = NULL;
    unsigned char *grown = NULL;
    unsigned long size = 0;

    jpeg.err = jpeg_std_error(&trouble.base);
    trouble.base.error_exit = jpeg_give_up;
    if (setjmp(trouble.back)) {
        jpeg_destroy_compress(&jpeg);
        return NULL;
    }
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &grown, &size);
    jpeg.image_width = (JDIMENSION)c->width;
    jpeg.image_height = (JDIMENSION)c->height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = c->rgb + (size_t)jpeg.next_scanline * (size_t)c->width * 3;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    data = grown;
    return blob_take(data, size);
}

static struct blob *encode_webp(const struct canvas *c, int quality)
{
    WebPConfig config;
    WebPPicture picture;
    WebPMemoryWriter writer;

    if (!WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, (float)quality) || !WebPPictureInit(&picture))
        return NULL;
    config.method = 0;
    picture.width = c->width;
    picture.height = c->height;
    WebPMemoryWriterInit(&writer);
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;
    bool good = WebPPictureImportRGB(&picture, c->rgb, c->width * 3) && WebPEncode(&config, &picture);
    struct blob *result = good ? blob_copy(writer.mem, writer.size) : NULL;
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&writer);
    return result;
}

struct blob *picture_encode(const struct canvas *c, const char *format, int quality)
{
    if (!strcmp(format, "jpeg"))
        return encode_jpeg(c, quality);
    return !strcmp(format, "webp") ? encode_webp(c, quality) : encode_png(c);
}

static bool fits(unsigned long width, unsigned long height)
{
    return width && height && width <= 65500 && height <= 65500 && width * height <= PIXELS_MAX;
}

static bool jpeg_pixels(const unsigned char *bytes, size_t size, int *width, int *height)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_trouble trouble;

    jpeg.err = jpeg_std_error(&trouble.base);
    trouble.base.error_exit = jpeg_give_up;
    trouble.base.emit_message = jpeg_say_nothing;
    if (setjmp(trouble.back)) {
        jpeg_destroy_decompress(&jpeg);
        return false;
    }
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, bytes, size);
    jpeg_read_header(&jpeg, TRUE);
    *width = (int)jpeg.image_width;
    *height = (int)jpeg.image_height;
    jpeg_destroy_decompress(&jpeg);
    return true;
}

bool picture_pixels(const unsigned char *b, size_t size, int *width, int *height)
{
    const char *type = picture_type(b, size);
    if (!type)
        return false;
    if (!strcmp(type, "image/jpeg"))
        return jpeg_pixels(b, size, width, height) && *width && *height;
    if (!strcmp(type, "image/webp"))
        return WebPGetInfo(b, size, width, height);
    if (strcmp(type, "image/png") || size < 24)
        return false;
    *width = b[16] << 24 | b[17] << 16 | b[18] << 8 | b[19];
    *height = b[20] << 24 | b[21] << 16 | b[22] << 8 | b[23];
    return *width > 0 && *height > 0;
}

static struct canvas decode_png(const unsigned char *bytes, size_t size)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    struct canvas c = {0};

    if (png_image_begin_read_from_memory(&image, bytes, size) && fits(image.width, image.height)) {
        static const png_color grey = {128, 128, 128};
        image.format = PNG_FORMAT_RGB;
        c = canvas_new((int)image.width, (int)image.height);
        if (!png_image_finish_read(&image, &grey, c.rgb, 0, NULL))
            canvas_free(&c);
    }
    png_image_free(&image);
    return c;
}

static struct canvas decode_jpeg(const unsigned char *bytes, size_t size)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_trouble trouble;
    struct canvas *c = must_alloc(sizeof *c), result;

    jpeg.err = jpeg_std_error(&trouble.base);
    trouble.base.error_exit = jpeg_give_up;
    trouble.base.emit_message = jpeg_say_nothing;
    if (!setjmp(trouble.back)) {
        jpeg_create_decompress(&jpeg);
        jpeg_mem_src(&jpeg, bytes, size);
        jpeg_read_header(&jpeg, TRUE);
        jpeg.out_color_space = JCS_RGB;
        if (fits(jpeg.image_width, jpeg.image_height)) {
            *c = canvas_new((int)jpeg.image_width, (int)jpeg.image_height);
            jpeg_start_decompress(&jpeg);
            while (jpeg.output_scanline < jpeg.output_height) {
                JSAMPROW row = c->rgb + (size_t)jpeg.output_scanline * (size_t)c->width * 3;
                jpeg_read_scanlines(&jpeg, &row, 1);
            }
            jpeg_finish_decompress(&jpeg);
        }
    } else {
        canvas_free(c);
    }
    jpeg_destroy_decompress(&jpeg);
    result = *c;
    free(c);
    return result;
}

static struct canvas decode_webp(const unsigned char *bytes, size_t size)
{
    int width, height;
    if (!WebPGetInfo(bytes, size, &width, &height) || !fits((unsigned long)width, (unsigned long)height))
        return (struct canvas){0};
    struct canvas c = canvas_new(width, height);
    if (!WebPDecodeRGBInto(bytes, size, c.rgb, (size_t)width * (size_t)height * 3, width * 3))
        canvas_free(&c);
    return c;
}

struct canvas picture_decode(const unsigned char *bytes, size_t size)
{
    const char *type = picture_type(bytes, size);
    if (type && !strcmp(type, "image/png"))
        return decode_png(bytes, size);
    if (type && !strcmp(type, "image/jpeg"))
        return decode_jpeg(bytes, size);
    if (type && !strcmp(type, "image/webp"))
        return decode_webp(bytes, size);
    return (struct canvas){0};
}
