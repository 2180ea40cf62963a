#ifndef CAPUSDEMO_H
#define CAPUSDEMO_H
#include <stddef.h>

// The demo's data, embedded: a trained classifier of handwritten digits (ONNX), held-out scans
// (.npy, f32 [n, 1, 8, 8]) and their labels (.npy, i64 [n]). Demo/train_digits.py writes them.
const unsigned char *apus_demo_model(size_t *size);
const unsigned char *apus_demo_images(size_t *size);
const unsigned char *apus_demo_labels(size_t *size);

#endif
