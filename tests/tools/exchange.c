/* exchange A B: gives each the other's name, in one step, as renameat2(2) does with RENAME_EXCHANGE. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: exchange A B");
	if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE))
		err(1, "%s and %s", argv[1], argv[2]);
	return 0;
}
