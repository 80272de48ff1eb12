/* version: of the programs, the manual and the packages; tests/lint/packages.t finds those that say another. */
#ifndef VERSION_H
#define VERSION_H

#define EASELFS_VERSION "0.1"

#endif
