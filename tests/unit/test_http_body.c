/* A body is the same bytes however they are asked for. */
#include "http_body.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

static int file_of(size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	cleanup_free unsigned char *bytes = xmalloc(len + 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	return fd;
}

/* All of it, asked for in pieces of `room` bytes; the caller frees. */
static char *read_all(struct http_body *b, size_t room, size_t *len)
{
	struct buf all = BUF_INIT;
	cleanup_free char *piece = xmalloc(room);
	ssize_t got;

	while ((got = http_body_read(b, piece, room)) > 0)
		buf_add(&all, piece, (size_t)got);
	assert_int_equal(got, 0);
	*len = all.len;
	return buf_steal(&all);
}

static void a_file_in_base64_is_what_libcrypto_makes_of_it(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 6, 6143, 6144, 6145, 100000 };
	static const size_t rooms[] = { 1, 2, 3, 4, 5, 7, 4095, 8191, 8192, 8193, 65536, 1 << 20 };

	(void)state;
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		int fd = file_of(sizes[s]);
		cleanup_free unsigned char *bytes = xmalloc(sizes[s] + 1), *text = xmalloc(sizes[s] * 2 + 5);
		const struct http_piece pieces[] = { { .text = "<", .len = 1, .fd = -1 },
			{ .fd = fd, .size = sizes[s], .base64 = true }, { .text = ">", .len = 1, .fd = -1 } };

		assert_int_equal(pread(fd, bytes, sizes[s], 0), (ssize_t)sizes[s]);
		EVP_EncodeBlock(text, bytes, (int)sizes[s]);
		cleanup_free char *expected = xasprintf("<%s>", sizes[s] ? (char *)text : "");
		for (size_t r = 0; r < ARRAY_LEN(rooms); r++) {
			struct http_body b;
			size_t len;
			http_body_init(&b, pieces, ARRAY_LEN(pieces));
			assert_int_equal(b.size, strlen(expected));
			cleanup_free char *got = read_all(&b, rooms[r], &len);
			if (len != strlen(expected) || memcmp(got, expected, len))
				fail_msg("%zu bytes, read %zu at a time, came as something else", sizes[s], rooms[r]);
			http_body_release(&b);
		}
		close(fd);
	}
}

static void a_body_can_begin_anew_at_any_place(void **state)
{
	int fd = file_of(1000);
	const struct http_piece pieces[] = { { .text = "before", .len = 6, .fd = -1 },
		{ .fd = fd, .size = 1000, .base64 = true }, { .fd = fd, .size = 1000 } };
	struct http_body b;
	size_t whole, len;

	(void)state;
	http_body_init(&b, pieces, ARRAY_LEN(pieces));
	cleanup_free char *all = read_all(&b, 100, &whole);
	for (size_t at = 0; at <= whole; at += 13) {
		b.at = at;
		cleanup_free char *rest = read_all(&b, 999, &len);
		assert_int_equal(len, whole - at);
		assert_memory_equal(rest, all + at, len);
	}
	http_body_release(&b);
	close(fd);
}

static void a_file_that_became_shorter_is_an_error(void **state)
{
	int fd = file_of(10);
	const struct http_piece pieces[] = { { .fd = fd, .size = 11, .base64 = true } };
	struct http_body b;
	char room[100];

	(void)state;
	http_body_init(&b, pieces, 1);
	assert_int_equal(http_body_read(&b, room, sizeof(room)), -EIO);
	http_body_release(&b);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_in_base64_is_what_libcrypto_makes_of_it),
		cmocka_unit_test(a_body_can_begin_anew_at_any_place),
		cmocka_unit_test(a_file_that_became_shorter_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
