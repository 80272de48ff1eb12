/* tinyfont: capitals, digits and signs of 5 × 7 dots, for machines without any font. */
#ifndef SANDBOX_TINYFONT_H
#define SANDBOX_TINYFONT_H

/* Five columns, the lowest bit on top.  Small letters come as capitals, unknown ones as a box. */
const unsigned char *tinyfont_columns(unsigned long code);

#endif
