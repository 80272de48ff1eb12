/* mmapcat FILE: writes it to standard output as seen through a mapping, as some programs read pictures. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	struct stat st;
	int fd = open(argc > 1 ? argv[1] : "", O_RDONLY);

	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", argc > 1 ? argv[1] : "no file");
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		err(1, "mmap");
	return fwrite(bytes, 1, (size_t)st.st_size, stdout) != (size_t)st.st_size || fflush(stdout);
}
