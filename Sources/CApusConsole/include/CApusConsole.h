#ifndef CAPUS_CONSOLE_H
#define CAPUS_CONSOLE_H
#include <stddef.h>

// The files of the server's console page. Each function tells the size and returns the bytes.
const unsigned char *apus_console_page(size_t *size);
const unsigned char *apus_console_style(size_t *size);
const unsigned char *apus_console_script(size_t *size);

#endif
