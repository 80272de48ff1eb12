#include "libraries.h"

#include <fuse_lowlevel.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <utf8proc.h>

#include "http.h"
#include "journal.h"

/* For libcrypto's allocations.  As realloc(3) of old: a size of 0 frees. */
static void *allocate(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return xmalloc(size);
}

static void *allocate_again(void *old, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	if (size)
		return xrealloc(old, size);
	free(old);
	return NULL;
}

static void give_back(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

void libraries_begin(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ xmalloc, free });
	CRYPTO_set_mem_functions(allocate, allocate_again, give_back);
}

struct library library_at(size_t i)
{
	const struct library all[] = {
		{ "libfuse", fuse_pkgversion(), 3, 14 }, { "libcurl", http_library(), 7, 88 },
		{ "SQLite", journal_library(), 3, 40 }, { "libcrypto", OpenSSL_version(OPENSSL_VERSION), 0, 0 },
		{ "cJSON", cJSON_Version(), 0, 0 }, { "utf8proc", utf8proc_version(), 0, 0 },
	};

	return i < ARRAY_LEN(all) ? all[i] : (struct library){ 0 };
}

bool library_is_old(const struct library *l)
{
	unsigned a = 0, b = 0;

	if (sscanf(l->version + strcspn(l->version, "0123456789"), "%u.%u", &a, &b) < 1)
		return false;
	return a < l->major || (a == l->major && b < l->minor);
}
