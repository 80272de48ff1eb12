/* powerloss MOUNTPOINT: its filesystem (ext4, XFS, f2fs) forgets what it has not written, and takes no more
 * requests: what a power failure leaves behind, as xfs_io -x -c shutdown does. */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* XFS_IOC_GOINGDOWN, EXT4_IOC_SHUTDOWN; without a last flush of the log. */
#define GOING_DOWN _IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH 2

int main(int argc, char **argv)
{
	uint32_t how = NO_LOG_FLUSH;
	int fd = open(argc > 1 ? argv[1] : "", O_RDONLY | O_DIRECTORY);

	if (fd < 0 || ioctl(fd, GOING_DOWN, &how) < 0)
		err(1, "%s", argc > 1 ? argv[1] : "no mountpoint");
	close(fd);
	return 0;
}
