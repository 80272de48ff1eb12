/* Files that are said to be pictures. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plain.h"

#include "../../cache/image.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_fd int fd = memfd_create("picture", MFD_CLOEXEC);
	struct image_info probed = { 0 }, verified = { 0 };
	cleanup_error struct error err = ERROR_INIT;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return -1;
	int rc = image_probe(fd, &probed);
	if (rc && rc != -EBADMSG)
		BUG("the file cannot be read: %d", rc);
	if (!rc && (probed.type == IMAGE_NONE || !image_mime(probed.type) || !image_suffix(probed.type)))
		BUG("a picture of no kind");
	if (image_verify(fd, &verified, &err) < 0)
		check_refusal(&err, 500);
	else if (rc || verified.type != probed.type || verified.width != probed.width ||
	         (probed.height && verified.height != probed.height))    /* a JPEG may say it behind its first scan */
		BUG("it is another picture when it is looked at closely");
	if (image_sniff(data, size) != image_sniff(data, size < 64 ? size : 64))
		BUG("its kind depends on more than 64 bytes");
	return 0;
}
