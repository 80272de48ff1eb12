/*
 * fuzz: what a fuzzer is here.
 *
 * A file fuzz_NAME.c that includes the .c files which it is about and defines the function below, and a
 * folder corpus/NAME of small inputs.  `make fuzz` looks for new ones with clang's libFuzzer; `make check`
 * feeds it those of the folder by driver.c, so that what was found once stays mended.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Aborts, with BUG() for example, where the code does not do what it should.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
