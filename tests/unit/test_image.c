#include "image.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* The well-known transparent PNG of one pixel. */
static const char tiny_png[] =
	"89504e470d0a1a0a"
	"0000000d49484452" "00000001000000010806000000" "1f15c489"
	"0000000d49444154" "78da6364f8cf500f0003860180" "5a347d6b"
	"0000000049454e44" "ae426082";

/* 48 by 32 (0x30, 0x20): a comment, a frame header, and one scan with a stuffed 0xFF. */
static const char tiny_jpeg[] =
	"ffd8" "fffe0006" "68692121"
	"ffc0000b" "08" "0020" "0030" "01" "011100"
	"ffda0008" "01" "0100" "003f00" "12ff0034" "ffd9";

/* 5 by 4, two colours, one extension, one image of one block. */
static const char tiny_gif[] =
	"474946383961" "0500" "0400" "80" "0000" "000000ffffff"
	"21f904" "00000000" "00"
	"2c" "0000" "0000" "0500" "0400" "00" "02" "03" "848f59" "00"
	"3b";

/* One chunk of 10 bytes: a key frame of 300 by 200 (0x012c, 0x00c8). */
static const char tiny_webp[] =
	"52494646" "16000000" "57454250"
	"56503820" "0a000000" "300000" "9d012a" "2c01" "c800";

static struct buf from_hex(const char *hex)
{
	struct buf b = BUF_INIT;
	size_t len = strlen(hex) / 2;
	cleanup_free char *bytes = xmalloc(len + 1);

	assert_int_equal(hex_decode(hex, bytes, len), 0);
	buf_add(&b, bytes, len);
	return b;
}

static void add_hex(struct buf *b, const char *hex)
{
	cleanup_buf struct buf more = from_hex(hex);

	buf_add(b, more.data, more.len);
}

static void add_be32(struct buf *b, uint32_t n)
{
	const uint8_t bytes[] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	buf_add(b, bytes, 4);
}

static void add_le32(struct buf *b, uint32_t n)
{
	const uint8_t bytes[] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24) };

	buf_add(b, bytes, 4);
}

static int file_of(const void *bytes, size_t len)
{
	int fd = memfd_create("picture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	return fd;
}

static int verify(const struct buf *b, struct image_info *info, struct error *err)
{
	cleanup_fd int fd = file_of(b->data, b->len);

	return image_verify(fd, info, err);
}

/* Both walks must find this type and size. */
static void expect_picture(const struct buf *b, enum image_type type, unsigned width, unsigned height)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_fd int fd = file_of(b->data, b->len);
	struct image_info probed, verified;
	int rc = image_verify(fd, &verified, &err);

	if (rc)
		fail_msg("%d: %s", rc, err.text);
	assert_int_equal(image_probe(fd, &probed), 0);
	assert_int_equal(verified.type, type);
	assert_int_equal(verified.width, width);
	assert_int_equal(verified.height, height);
	assert_int_equal(probed.type, type);
	assert_int_equal(probed.width, width);
}

static void expect_refusal(const struct buf *b, const char *sentence)
{
	cleanup_error struct error err = ERROR_INIT;
	struct image_info info;
	int rc = verify(b, &info, &err);

	if (rc != -EBADMSG)
		fail_msg("expected \"%s\", but the picture was accepted (%d)", sentence, rc);
	assert_int_equal(err.code, EBADMSG);
	assert_non_null(err.hint);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" does not say \"%s\"", err.text, sentence);
}

static void expect_every_cut_refused(const struct buf *whole)
{
	for (size_t len = 0; len < whole->len; len++) {
		cleanup_error struct error err = ERROR_INIT;
		struct buf cut = { whole->data, len, 0 };
		struct image_info info;

		if (verify(&cut, &info, &err) != -EBADMSG)
			fail_msg("%zu of %zu bytes passed", len, whole->len);
		assert_non_null(err.text);
	}
}

static void each_type_has_its_names(void **state)
{
	(void)state;
	assert_string_equal(image_mime(IMAGE_JPEG), "image/jpeg");
	assert_string_equal(image_suffix(IMAGE_JPEG), "jpg");
	assert_string_equal(image_name(IMAGE_WEBP), "WebP");
	assert_string_equal(image_mime(IMAGE_AVIF), "image/avif");
	assert_string_equal(image_suffix(IMAGE_BMP), "bmp");
	assert_null(image_mime(IMAGE_NONE));
}

static void picture_suffixes_are_known_in_any_case(void **state)
{
	(void)state;
	static const char *const yes[] = { "a.png", "a.JPG", "a.jpeg", "b.c.WebP", "x.heic", "x.heif", "x.avif", "x.gif", "x.bmp" };
	static const char *const no[] = { "a.txt", "png", ".png", "a.png.txt", "a.", "a.pngx", "" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (!image_suffix_known(yes[i]))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (image_suffix_known(no[i]))
			fail_msg("%s", no[i]);
}

static void a_png_is_known_with_its_size(void **state)
{
	(void)state;
	cleanup_buf struct buf b = from_hex(tiny_png);

	expect_picture(&b, IMAGE_PNG, 1, 1);
}

static void a_truncated_png_is_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf b = from_hex(tiny_png);

	expect_every_cut_refused(&b);
	b.len -= 14;
	expect_refusal(&b, "the file ends in the middle of a PNG chunk at byte 56");
}

static void a_png_with_any_damaged_byte_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < strlen(tiny_png) / 2; i++) {
		cleanup_buf struct buf b = from_hex(tiny_png);
		cleanup_error struct error err = ERROR_INIT;
		struct image_info info;

		b.data[i] ^= 0x20;
		if (verify(&b, &info, &err) != -EBADMSG)
			fail_msg("damage at byte %zu passed", i);
	}
}

static void bytes_behind_the_end_are_fine(void **state)
{
	(void)state;
	cleanup_buf struct buf png = from_hex(tiny_png), jpeg = from_hex(tiny_jpeg), gif = from_hex(tiny_gif);

	buf_str(&png, "more");
	buf_str(&jpeg, "more");
	buf_str(&gif, "more");
	expect_picture(&png, IMAGE_PNG, 1, 1);
	expect_picture(&jpeg, IMAGE_JPEG, 48, 32);
	expect_picture(&gif, IMAGE_GIF, 5, 4);
}

/* Bit by bit, as the PNG specification words it. */
static uint32_t slow_crc(const char *bytes, size_t len)
{
	uint32_t c = ~0u;

	for (size_t i = 0; i < len; i++)
		for (int bit = 0; bit < 8; bit++)
			c = (c ^ (uint8_t)bytes[i] >> bit) & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
	return ~c;
}

static void add_png_chunk(struct buf *b, const char *tag, const void *data, size_t len)
{
	size_t start = b->len + 4;

	add_be32(b, (uint32_t)len);
	buf_add(b, tag, 4);
	buf_add(b, data, len);
	add_be32(b, slow_crc(b->data + start, len + 4));
}

static struct buf png_begun(uint32_t width, uint32_t height)
{
	struct buf b = BUF_INIT, header = BUF_INIT;

	add_hex(&b, "89504e470d0a1a0a");
	add_be32(&header, width);
	add_be32(&header, height);
	add_hex(&header, "0802000000");
	add_png_chunk(&b, "IHDR", header.data, header.len);
	buf_release(&header);
	return b;
}

static void a_png_chunk_larger_than_the_window_is_checked_whole(void **state)
{
	(void)state;
	enum { BIG = 300 * 1000 };
	cleanup_free char *pixels = xmalloc(BIG);
	cleanup_buf struct buf b = png_begun(1376, 768);

	for (int i = 0; i < BIG; i++)
		pixels[i] = (char)(i * 7);
	add_png_chunk(&b, "IDAT", pixels, BIG);
	add_png_chunk(&b, "IEND", "", 0);
	expect_picture(&b, IMAGE_PNG, 1376, 768);
	b.data[200 * 1000] ^= 1;
	expect_refusal(&b, "checksum of the PNG chunk at byte 33");
}

static void a_png_without_pixels_or_size_is_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf empty = png_begun(10, 10), flat = png_begun(0, 10), wide = png_begun(0x80000000, 10);

	add_png_chunk(&empty, "IEND", "", 0);
	expect_refusal(&empty, "no pixels");
	expect_refusal(&flat, "0 by 10");
	expect_refusal(&wide, "2147483648 by 10");
}

static void a_png_chunk_that_claims_gigabytes_is_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf b = png_begun(10, 10), c = png_begun(10, 10);

	add_be32(&b, INT32_MAX);
	buf_str(&b, "IDATabcd");
	expect_refusal(&b, "the file ends in the middle of a PNG chunk");
	add_be32(&c, UINT32_MAX);
	buf_str(&c, "IDATabcd");
	expect_refusal(&c, "byte 33 of the PNG does not begin a chunk");
}

static void a_jpeg_is_known_with_its_size(void **state)
{
	(void)state;
	cleanup_buf struct buf b = from_hex(tiny_jpeg);

	expect_picture(&b, IMAGE_JPEG, 48, 32);
}

static void a_truncated_jpeg_is_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf b = from_hex(tiny_jpeg);

	expect_every_cut_refused(&b);
	b.len -= 2;
	expect_refusal(&b, "in the middle of the JPEG's data");
}

static void a_progressive_jpeg_is_walked_through_all_its_scans(void **state)
{
	(void)state;
	/* SOF2; fill bytes before markers; a table between scans; restart markers within them. */
	cleanup_buf struct buf b = from_hex(
		"ffd8" "ffffffc2000b" "08" "0100" "0200" "01" "011100"
		"ffda0008" "01" "0100" "003f00" "11ffd022ffd133"
		"ffc40004" "0000"
		"ffffda0008" "01" "0100" "003f00" "ff00ff00ffd7ff00" "ffffd9");

	expect_picture(&b, IMAGE_JPEG, 512, 256);
	expect_every_cut_refused(&b);
}

static void the_thumbnail_in_a_jpeg_does_not_end_it(void **state)
{
	(void)state;
	/* The APP1 segment holds a frame header of 1 by 1 and an end of image. */
	cleanup_buf struct buf b = from_hex(
		"ffd8" "ffe10011" "ffc0000b08000100010101" "1100" "ffd9"
		"ffc0000b" "08" "0020" "0030" "01" "011100"
		"ffda0008" "01" "0100" "003f00" "1234" "ffd9");

	expect_picture(&b, IMAGE_JPEG, 48, 32);
	expect_every_cut_refused(&b);
}

static void a_jpeg_may_say_its_height_behind_the_first_scan(void **state)
{
	(void)state;
	cleanup_buf struct buf b = from_hex(
		"ffd8" "ffc0000b" "08" "0000" "0030" "01" "011100"
		"ffda0008" "01" "0100" "003f00" "1234" "ffdc0004" "0021" "ffd9");

	expect_picture(&b, IMAGE_JPEG, 48, 33);
}

static void a_jpeg_marker_on_the_edge_of_the_window_is_seen(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		cleanup_buf struct buf b = from_hex(tiny_jpeg);
		struct image_info info;

		/* The end marker comes to lie before, across and behind byte 65536. */
		b.len -= 2;
		while (b.len < 65536 - 3 + shift)
			buf_chr(&b, 'x');
		assert_int_equal(verify(&b, &info, NULL), -EBADMSG);
		add_hex(&b, "ffd9");
		expect_picture(&b, IMAGE_JPEG, 48, 32);
	}
}

static void a_jpeg_without_frame_or_scan_is_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf empty = from_hex("ffd8" "fffe0004" "6868" "ffd9");
	cleanup_buf struct buf scanless = from_hex("ffd8" "ffc0000b" "08" "0020" "0030" "01" "011100" "ffd9");
	cleanup_buf struct buf frameless = from_hex("ffd8" "ffda0008" "01" "0100" "003f00" "1234" "ffd9");
	cleanup_buf struct buf negative = from_hex("ffd8" "fffe0001" "ffd9");

	expect_refusal(&empty, "no pixels");
	expect_refusal(&scanless, "no pixels");
	expect_refusal(&frameless, "no frame header");
	expect_refusal(&negative, "segment at byte 2");
}

static void the_three_kinds_of_webp_are_known_with_their_sizes(void **state)
{
	(void)state;
	cleanup_buf struct buf lossy = from_hex(tiny_webp);
	/* 100 by 50: (100 - 1) | (50 - 1) << 14 = 0x000c4063. */
	cleanup_buf struct buf lossless = from_hex(
		"52494646" "12000000" "57454250" "5650384c" "05000000" "2f" "63400c00" "00");
	/* 70000 by 2 (0x01116f, 0x000001), an odd chunk with its padding, then the pixels. */
	cleanup_buf struct buf extended = from_hex(
		"52494646" "34000000" "57454250" "56503858" "0a000000" "10000000" "6f1101" "010000"
		"414c5048" "03000000" "aabbcc" "00" "56503820" "0a000000" "300000" "9d012a" "2c01" "c800");

	expect_picture(&lossy, IMAGE_WEBP, 300, 200);
	expect_picture(&lossless, IMAGE_WEBP, 100, 50);
	expect_picture(&extended, IMAGE_WEBP, 70000, 2);
	expect_every_cut_refused(&lossy);
	expect_every_cut_refused(&extended);
}

static void a_webp_whose_lengths_disagree_is_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf longer = from_hex(tiny_webp), chunk = from_hex(tiny_webp), pixels = from_hex(tiny_webp);

	longer.data[4]++;
	expect_refusal(&longer, "the file ends in the middle of the WebP's data");
	memcpy(chunk.data + 16, "\xff\xff\xff\xff", 4);
	expect_refusal(&chunk, "longer than the picture");
	pixels.data[4] = 4;
	expect_refusal(&pixels, "no pixels");
}

static void a_gif_is_known_with_its_size(void **state)
{
	(void)state;
	cleanup_buf struct buf b = from_hex(tiny_gif);

	expect_picture(&b, IMAGE_GIF, 5, 4);
	expect_every_cut_refused(&b);
}

static void a_gif_without_an_image_is_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf empty = from_hex("474946383961" "0500" "0400" "00" "0000" "3b");
	cleanup_buf struct buf odd = from_hex("474946383961" "0500" "0400" "00" "0000" "41");

	expect_refusal(&empty, "no pixels");
	expect_refusal(&odd, "byte 13 of the GIF");
}

static size_t box_begin(struct buf *b, const char *tag)
{
	size_t at = b->len;

	add_be32(b, 0);
	buf_add(b, tag, 4);
	return at;
}

static void box_end(struct buf *b, size_t at)
{
	uint32_t len = (uint32_t)(b->len - at);
	const uint8_t bytes[] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	memcpy(b->data + at, bytes, 4);
}

static void add_ispe(struct buf *b, uint32_t width, uint32_t height)
{
	size_t ispe = box_begin(b, "ispe");

	add_be32(b, 0);
	add_be32(b, width);
	add_be32(b, height);
	box_end(b, ispe);
}

/* brands: the major one, the minor version, the compatible ones. */
static struct buf iso_picture(const char *brands)
{
	struct buf b = BUF_INIT;
	size_t ftyp = box_begin(&b, "ftyp");

	buf_str(&b, brands);
	box_end(&b, ftyp);
	size_t meta = box_begin(&b, "meta");
	add_be32(&b, 0);
	size_t hdlr = box_begin(&b, "hdlr");
	add_be32(&b, 0);
	box_end(&b, hdlr);
	size_t iprp = box_begin(&b, "iprp"), ipco = box_begin(&b, "ipco");
	add_ispe(&b, 512, 512);
	add_ispe(&b, 4032, 3024);
	add_ispe(&b, 320, 240);
	box_end(&b, ipco);
	box_end(&b, iprp);
	box_end(&b, meta);
	size_t mdat = box_begin(&b, "mdat");
	buf_str(&b, "pixels");
	box_end(&b, mdat);
	return b;
}

static void brands_tell_heic_heif_and_avif_apart(void **state)
{
	(void)state;
	static const struct { const char *brands; enum image_type type; } cases[] = {
		{ "heic0000mif1heic", IMAGE_HEIC }, { "mif10000mif1heic", IMAGE_HEIC }, { "mif10000mif1miaf", IMAGE_HEIF },
		{ "avif0000mif1miaf", IMAGE_AVIF }, { "mif10000mif1avif", IMAGE_AVIF }, { "heix0000", IMAGE_HEIC },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_buf struct buf b = iso_picture(cases[i].brands);

		expect_picture(&b, cases[i].type, 4032, 3024);
	}
}

static void a_film_is_no_picture(void **state)
{
	(void)state;
	cleanup_buf struct buf b = iso_picture("isom0000isommp42");

	expect_refusal(&b, "no picture of a known type");
}

static void a_truncated_heic_is_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf b = iso_picture("heic0000mif1heic");

	b.len--;
	expect_refusal(&b, "the file ends in the middle of a box");
	b.len -= 40;
	expect_refusal(&b, "the file ends in the middle of a box");
}

static void boxes_that_lie_about_their_size_are_refused(void **state)
{
	(void)state;
	cleanup_buf struct buf small = from_hex("00000010" "66747970" "68656963" "00000000" "00000004" "6d657461");
	cleanup_buf struct buf huge = from_hex(
		"00000010" "66747970" "68656963" "00000000" "00000001" "6d657461" "fffffffffffffff0");

	expect_refusal(&small, "the box at byte 16 is damaged");
	expect_refusal(&huge, "the file ends in the middle of a box");
}

static void a_bmp_is_known_with_its_size(void **state)
{
	(void)state;
	cleanup_buf struct buf b = BUF_INIT, old = BUF_INIT;

	add_hex(&b, "424d" "3a000000" "00000000" "36000000" "28000000");
	add_le32(&b, 640);
	/* Rows from top to bottom. */
	add_le32(&b, (uint32_t)-480);
	expect_picture(&b, IMAGE_BMP, 640, 480);
	add_hex(&old, "424d" "3a000000" "00000000" "36000000" "0c000000" "4001" "c800");
	expect_picture(&old, IMAGE_BMP, 320, 200);
	b.len = 20;
	expect_refusal(&b, "the BMP header");
}

static void text_is_told_from_pictures(void **state)
{
	(void)state;
	static const struct { const char *text, *sentence; } cases[] = {
		{ "<!DOCTYPE html><html>", "this is an HTML page, no picture" },
		{ "\xef\xbb\xbf\r\n <HTML>", "this is an HTML page, no picture" },
		{ "<?xml version=\"1.0\"?><Error>", "this is an HTML or XML page, no picture" },
		{ "{\"error\": \"expired\"}", "this is JSON text, no picture" },
		{ "BMW 2002 in the rain, at night", "no picture of a known type; it begins with the bytes 424d5720" },
		{ "", "the file is empty" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = { (char *)(uintptr_t)cases[i].text, strlen(cases[i].text), 0 };

		expect_refusal(&b, cases[i].sentence);
	}
}

static void reading_a_picture_moves_no_offset(void **state)
{
	(void)state;
	cleanup_buf struct buf b = from_hex(tiny_png);
	cleanup_fd int fd = file_of(b.data, b.len);
	struct image_info info;

	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(image_probe(fd, &info), 0);
	assert_int_equal(image_verify(fd, &info, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
}

static void what_cannot_be_read_gives_the_reason(void **state)
{
	(void)state;
	cleanup_error struct error err = ERROR_INIT;
	struct image_info info;

	assert_int_equal(image_probe(-1, &info), -EBADF);
	assert_int_equal(image_verify(-1, &info, &err), -EBADF);
	assert_non_null(strstr(err.text, "cannot be read"));
}

/* What comes of hostile bytes does not matter, only that the walk ends and stays in its buffers. */
static void damaged_pictures_never_lead_out_of_bounds(void **state)
{
	(void)state;
	struct buf seeds[] = {
		from_hex(tiny_png), from_hex(tiny_jpeg), from_hex(tiny_gif), from_hex(tiny_webp),
		iso_picture("heic0000mif1heic"),
	};
	uint32_t random = 1;

	for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
		for (int round = 0; round < 2000; round++) {
			cleanup_buf struct buf b = BUF_INIT;
			struct image_info info;

			buf_add(&b, seeds[i].data, seeds[i].len);
			for (int hits = 0; hits < 4; hits++) {
				random = random * 1664525u + 1013904223u;
				b.data[(random >> 8) % b.len] = (char)(random >> 24);
			}
			int rc = verify(&b, &info, NULL);
			if (rc != 0 && rc != -EBADMSG)
				fail_msg("seed %zu, round %d: %d", i, round, rc);
		}
		buf_release(&seeds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_has_its_names),
		cmocka_unit_test(picture_suffixes_are_known_in_any_case),
		cmocka_unit_test(a_png_is_known_with_its_size),
		cmocka_unit_test(a_truncated_png_is_refused),
		cmocka_unit_test(a_png_with_any_damaged_byte_is_refused),
		cmocka_unit_test(bytes_behind_the_end_are_fine),
		cmocka_unit_test(a_png_chunk_larger_than_the_window_is_checked_whole),
		cmocka_unit_test(a_png_without_pixels_or_size_is_refused),
		cmocka_unit_test(a_png_chunk_that_claims_gigabytes_is_refused),
		cmocka_unit_test(a_jpeg_is_known_with_its_size),
		cmocka_unit_test(a_truncated_jpeg_is_refused),
		cmocka_unit_test(a_progressive_jpeg_is_walked_through_all_its_scans),
		cmocka_unit_test(the_thumbnail_in_a_jpeg_does_not_end_it),
		cmocka_unit_test(a_jpeg_may_say_its_height_behind_the_first_scan),
		cmocka_unit_test(a_jpeg_marker_on_the_edge_of_the_window_is_seen),
		cmocka_unit_test(a_jpeg_without_frame_or_scan_is_refused),
		cmocka_unit_test(the_three_kinds_of_webp_are_known_with_their_sizes),
		cmocka_unit_test(a_webp_whose_lengths_disagree_is_refused),
		cmocka_unit_test(a_gif_is_known_with_its_size),
		cmocka_unit_test(a_gif_without_an_image_is_refused),
		cmocka_unit_test(brands_tell_heic_heif_and_avif_apart),
		cmocka_unit_test(a_film_is_no_picture),
		cmocka_unit_test(a_truncated_heic_is_refused),
		cmocka_unit_test(boxes_that_lie_about_their_size_are_refused),
		cmocka_unit_test(a_bmp_is_known_with_its_size),
		cmocka_unit_test(text_is_told_from_pictures),
		cmocka_unit_test(reading_a_picture_moves_no_offset),
		cmocka_unit_test(what_cannot_be_read_gives_the_reason),
		cmocka_unit_test(damaged_pictures_never_lead_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
