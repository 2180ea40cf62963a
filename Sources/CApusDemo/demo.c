#include "CApusDemo.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char model[] = {
#embed "data/digits.onnx"
};
static const unsigned char images[] = {
#embed "data/digits_images.npy"
};
static const unsigned char labels[] = {
#embed "data/digits_labels.npy"
};

const unsigned char *apus_demo_model(size_t *size) {
  *size = sizeof model;
  return model;
}

const unsigned char *apus_demo_images(size_t *size) {
  *size = sizeof images;
  return images;
}

const unsigned char *apus_demo_labels(size_t *size) {
  *size = sizeof labels;
  return labels;
}
