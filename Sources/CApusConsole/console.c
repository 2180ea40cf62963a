#include "CApusConsole.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page[] = {
#embed "page/index.html"
};
static const unsigned char style[] = {
#embed "page/style.css"
};
static const unsigned char script[] = {
#embed "page/script.js"
};

const unsigned char *apus_console_page(size_t *size) {
  *size = sizeof page;
  return page;
}

const unsigned char *apus_console_style(size_t *size) {
  *size = sizeof style;
  return style;
}

const unsigned char *apus_console_script(size_t *size) {
  *size = sizeof script;
  return script;
}
